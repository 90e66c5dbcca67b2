"""The chat API's paths, wired to what the installation configured."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings

from gateway.server.health_book import book, rng
from governance import snapshot
from governance.routing.table import RoutingTable
from inference.dispatch.health import HealthBook
from inference.edge.asgi import App, Receive, Scope, Send
from inference.edge.chat import ChatConsumer
from inference.edge.unknown import UnknownPathConsumer
from inference.endpoints.count_tokens import CountingConsumer
from inference.endpoints.listing import ListingConsumer
from inference.endpoints.messages import COUNT_TOKENS
from inference.endpoints.registry import ENDPOINTS
from inference.protocols import OPENAI
from inference.record.content import ContentKeepingConsumer


def routes(
    *,
    table: Callable[[], RoutingTable] = snapshot.current,
    book: HealthBook = book,
    require_key: bool = settings.REQUIRE_API_KEY,
    heartbeat: float = 15.0,
    keep_content: bool = settings.LOG_CONTENT,
) -> App:
    """The application behind `/v1`; paths are matched without the query.

    `heartbeat`: seconds of silence after which a streaming caller gets a sign of life.
    """
    limit = settings.MAX_BODY_BYTES
    consumer = ContentKeepingConsumer if keep_content else ChatConsumer
    common: dict[str, Any] = {"table": table, "require_key": require_key, "body_limit": limit}
    apps: dict[str, App] = {
        endpoint.path: consumer.as_asgi(
            endpoint=endpoint, book=book, rng=rng, heartbeat=heartbeat, **common
        )
        for endpoint in ENDPOINTS
    }
    apps[COUNT_TOKENS.path] = CountingConsumer.as_asgi(
        endpoint=COUNT_TOKENS, book=HealthBook(rng=rng), rng=rng, **common
    )
    models = apps["/v1/models"] = ListingConsumer.as_asgi(**common)
    unknown = UnknownPathConsumer.as_asgi(protocol=OPENAI, body_limit=limit)

    def app(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        path = scope["path"].rstrip("/")
        chosen = models if path.startswith("/v1/models/") else apps.get(path, unknown)
        return chosen(scope, receive, send)

    return app
