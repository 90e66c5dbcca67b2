"""The chat API's paths, wired to what the installation configured."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable

from django.conf import settings

from governance import snapshot
from inference.chat import ChatConsumer
from inference.consumer import Receive, Scope, Send
from inference.endpoints import ENDPOINTS
from inference.health import HealthBook
from inference.listing import ListingConsumer
from inference.protocols import openai
from inference.unknown import UnknownPathConsumer

App = Callable[[Scope, Receive, Send], Awaitable[None]]

book = HealthBook()
"""How providers fare in this process."""


def routes() -> App:
    """The application behind `/v1`; paths are matched without the query."""
    common = {
        "table": snapshot.current,
        "require_key": settings.REQUIRE_API_KEY,
        "body_limit": settings.MAX_BODY_BYTES,
    }
    # Not for secrets: it draws among weighted targets.
    rng = random.Random()  # noqa: S311
    apps: dict[str, App] = {
        endpoint.path: ChatConsumer.as_asgi(endpoint=endpoint, book=book, rng=rng, **common)
        for endpoint in ENDPOINTS
    }
    apps["/v1/models"] = ListingConsumer.as_asgi(**common)
    unknown = UnknownPathConsumer.as_asgi(protocol=openai, body_limit=settings.MAX_BODY_BYTES)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await apps.get(scope["path"].rstrip("/"), unknown)(scope, receive, send)

    return app
