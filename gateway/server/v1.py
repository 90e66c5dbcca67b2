"""The chat API's paths, wired to what the installation configured."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from django.conf import settings

from gateway.server.answers import answers
from gateway.server.cors import shared
from gateway.server.health_book import book, rng
from gateway.server.limiting import limiting
from gateway.server.overload import budgets
from gateway.server.shadows import shadows
from governance import snapshot
from governance.routing.table import RoutingTable
from inference.cache.answer_cache import AnswerCache
from inference.dispatch.health import HealthBook
from inference.dispatch.request_limits import Limiting
from inference.dispatch.shadow import Shadows
from inference.edge.asgi import App, Receive, Scope, Send
from inference.edge.authentication import authenticate_caller
from inference.edge.body_budget import BodyBudget
from inference.edge.held_batches import HeldBatchConsumer
from inference.edge.inference_consumer import InferenceConsumer
from inference.edge.kept_responses import KeptResponseConsumer
from inference.edge.unknown import UnknownPathConsumer
from inference.endpoints.count_tokens import COUNT_TOKENS
from inference.endpoints.input_tokens import INPUT_TOKENS
from inference.endpoints.key import KeyConsumer
from inference.endpoints.listing import ListingConsumer
from inference.endpoints.registry import ENDPOINTS
from inference.local.engine.catalog import Catalog
from inference.record.content import ContentObserver
from inference.values.kept_answer import Keeper

MODELS = "/v1/models"
ON_DISK = Catalog(settings.MODELS_DIR).by_runtime
KEY = "/v1/key"
PATHS = (
    *(endpoint.path for endpoint in ENDPOINTS),
    COUNT_TOKENS.path,
    INPUT_TOKENS.path,
    MODELS,
    KEY,
)
"""Every path of the API; `/v1/models/{id}` stands below the last."""


def _counting(common: dict[str, Any]) -> dict[str, App]:
    """Counting a prompt's tokens asks no provider, so that no limit counts it."""
    return {
        counting.path: InferenceConsumer.as_asgi(
            endpoint=counting, book=HealthBook(rng=rng), rng=rng, **common
        )
        for counting in (COUNT_TOKENS, INPUT_TOKENS)
    }


def routes(
    *,
    table: Callable[[], RoutingTable] = snapshot.current,
    book: HealthBook = book,
    limiting: Limiting = limiting,
    require_key: bool = settings.REQUIRE_API_KEY,
    heartbeat: float = 15.0,
    keep_content: bool = settings.LOG_CONTENT,
    origins: Sequence[str] = settings.CORS_ORIGINS,
    on_disk: Callable[[], Mapping[str, Sequence[str]]] = ON_DISK,
    budgets: Callable[[asyncio.AbstractEventLoop], BodyBudget] = budgets,
    keeper: Keeper | None = None,
    answers: AnswerCache = answers,
    shadows: Shadows = shadows,
) -> App:
    """The application behind `/v1`; paths are matched without the query.

    `keeper` keeps answers of the Responses API; None: nobody does.
    `heartbeat`: seconds of silence after which a streaming caller gets a sign of life.
    """
    common: dict[str, Any] = {
        "table": table,
        "authenticate": partial(authenticate_caller, required=require_key),
        "body_limit": settings.MAX_BODY_BYTES,
        "budgets": budgets,
    }
    observers = (ContentObserver(),) if keep_content else ()
    apps: dict[str, App] = {
        endpoint.path: InferenceConsumer.as_asgi(
            endpoint=endpoint,
            book=book,
            limiting=limiting,
            rng=rng,
            heartbeat=heartbeat,
            observers=observers,
            keeper=keeper,
            answers=answers,
            shadows=shadows,
            **common,
        )
        for endpoint in ENDPOINTS
    }
    apps |= _counting({**common, "keeper": keeper})
    models = apps[MODELS] = ListingConsumer.as_asgi(on_disk=on_disk, **common)
    apps[KEY] = KeyConsumer.as_asgi(limiting=limiting, **common)
    kept = KeptResponseConsumer.as_asgi(**common, keeper=keeper)
    batches = HeldBatchConsumer.as_asgi(**common)
    return shared(_by_path(apps, models, kept, batches), origins)


def _by_path(apps: Mapping[str, App], models: App, kept: App, batches: App) -> App:
    """Which of the applications answers; what is below a path belongs to `models`, `kept` and
    `batches`."""
    unknown = UnknownPathConsumer.as_asgi(paths=PATHS)
    below = (
        (f"{MODELS}/", models),
        ("/v1/responses/", kept),
        ("/v1/messages/batches/", batches),
    )

    def app(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        path = scope["path"].rstrip("/")
        chosen = apps.get(path)
        if chosen is None:
            chosen = next((app for lead, app in below if path.startswith(lead)), unknown)
        return chosen(scope, receive, send)

    return app
