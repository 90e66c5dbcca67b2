"""The chat API's paths, wired to what the installation configured."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from django.conf import settings

from gateway.server.answers import answers
from gateway.server.client_address import behind_proxy
from gateway.server.cors import foreign_page, shared
from gateway.server.health_book import book, rng
from gateway.server.limiting import limiting
from gateway.server.overload import budgets
from gateway.server.shadows import shadows
from governance import snapshot
from governance.routing.table import RoutingTable
from inference.dispatch.health import HealthBook
from inference.dispatch.request_limits import Limiting
from inference.edge.asgi import App, Receive, Scope, Send
from inference.edge.authentication import Authenticate, authenticate_caller
from inference.edge.body_budget import BodyBudget
from inference.edge.held_list import HeldListConsumer
from inference.edge.held_objects import HeldObjectConsumer
from inference.edge.inference_consumer import InferenceConsumer
from inference.edge.kept_responses import KeptResponseConsumer
from inference.edge.key import KeyConsumer
from inference.edge.listing import ListingConsumer
from inference.edge.unknown import UnknownPathConsumer
from inference.endpoints.count_tokens import COUNT_TOKENS
from inference.endpoints.input_tokens import INPUT_TOKENS
from inference.endpoints.registry import ENDPOINTS
from inference.local.store.catalog import Catalog
from inference.protocols import CallersProtocol, spoken
from inference.record.content import ContentObserver
from inference.translate.shelves import SHELVES
from inference.values.held_object import HeldBook
from inference.values.kept_answer import Keeper

MODELS = "/v1/models"
ON_DISK = Catalog(settings.MODELS_DIR).by_runtime
KEY = "/v1/key"
PATHS = (
    *dict.fromkeys(endpoint.path for endpoint in ENDPOINTS),
    COUNT_TOKENS.path,
    INPUT_TOKENS.path,
    MODELS,
    KEY,
)
"""Every path of the API; `/v1/models/{id}` stands below the last."""


def _authentication(required: bool, origins: Sequence[str]) -> Authenticate:
    foreign = partial(foreign_page, origins=origins, hosts=settings.ALLOWED_HOSTS)
    return partial(authenticate_caller, required=required, refuses=foreign)


def _counting(common: dict[str, Any]) -> dict[str, App]:
    """Counting a prompt's tokens asks no provider, so that no limit counts it."""
    return {
        counting.path: InferenceConsumer.as_asgi(
            endpoint=counting, book=HealthBook(rng=rng), rng=rng, **common
        )
        for counting in (COUNT_TOKENS, INPUT_TOKENS)
    }


def _asking(given: dict[str, Any]) -> dict[str, App]:
    """What asks models, by path."""
    apps: dict[str, App] = {}
    for endpoint in ENDPOINTS:
        app = InferenceConsumer.as_asgi(
            endpoint=endpoint, answers=answers, shadows=shadows, **given
        )
        beside = apps.get(endpoint.path)
        apps[endpoint.path] = app if beside is None else _by_caller(beside, app, endpoint.protocol)
    return apps


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
    held: HeldBook | None = None,
) -> App:
    """The application behind `/v1`; paths are matched without the query.

    `keeper` keeps answers of the Responses API, `held` notes which key made what providers hold;
    None: nobody does.
    `heartbeat`: seconds of silence after which a streaming caller gets a sign of life.
    """
    common: dict[str, Any] = {
        "table": table,
        "authenticate": _authentication(require_key, origins),
        "body_limit": settings.MAX_BODY_BYTES,
        "budgets": budgets,
    }
    asking = {
        "book": book,
        "limiting": limiting,
        "rng": rng,
        "heartbeat": heartbeat,
        "observers": (ContentObserver(),) if keep_content else (),
        "keeper": keeper,
        "spool": settings.SPOOL_DIR,
        "file_limit": settings.MAX_FILE_BYTES,
        "held": held,
    }
    apps = _asking({**common, **asking})
    apps |= _counting({**common, "keeper": keeper})
    models = apps[MODELS] = ListingConsumer.as_asgi(on_disk=on_disk, **common)
    apps[KEY] = KeyConsumer.as_asgi(limiting=limiting, **common)
    kept = KeptResponseConsumer.as_asgi(**common, keeper=keeper)
    objects = HeldObjectConsumer.as_asgi(**common, held=held)
    listing = HeldListConsumer.as_asgi(**common, held=held)
    for path in dict.fromkeys(f"/v1{shelf.path}" for shelf in SHELVES):
        apps[path] = _by_method(apps[path], listing)
    below = {f"{MODELS}/": models, "/v1/responses/": kept}
    below |= {f"/v1{shelf.path}/": objects for shelf in SHELVES}
    app = _by_path(apps, below)
    return shared(behind_proxy(app) if settings.TRUST_PROXY else app, origins)


def _by_method(making: App, listing: App) -> App:
    """What is made by POST is listed by everything else."""

    def app(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        return (making if scope["method"] == "POST" else listing)(scope, receive, send)

    return app


def _by_caller(app: App, other: App, protocol: CallersProtocol) -> App:
    """Two protocols have the same path: `other` is for callers of this one."""

    def chosen(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        is_other = spoken(dict(scope["headers"])) is protocol
        return (other if is_other else app)(scope, receive, send)

    return chosen


def _by_path(apps: Mapping[str, App], below: Mapping[str, App]) -> App:
    """Which of the applications answers; `below` are those of what begins with a path."""
    unknown = UnknownPathConsumer.as_asgi(paths=PATHS)

    def app(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        path = scope["path"].rstrip("/")
        chosen = apps.get(path)
        if chosen is None:
            chosen = next((app for lead, app in below.items() if path.startswith(lead)), unknown)
        return chosen(scope, receive, send)

    return app
