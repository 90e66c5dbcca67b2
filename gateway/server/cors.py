"""Cross-origin requests (the Fetch standard's CORS protocol): pages of other origins, by setting.

Without `POINTSMAN_CORS_ORIGINS` browsers keep every page of another origin out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from inference.edge.asgi import App, Header, Message, Receive, Scope, Send

_METHODS: Final = b"GET, POST, DELETE, HEAD, OPTIONS"
_USUAL: Final = b"authorization, content-type, x-api-key"
_AGE: Final = b"600"
"""Seconds for which a browser may keep the answer to a preflight."""


def shared(app: App, origins: Sequence[str]) -> App:
    """`app`, whose answers pages of these origins may read; `*` stands for every origin.

    A preflight carries no key, and is answered here. Cookies count nowhere in the chat API, so
    credentials are not allowed and `*` may stand for all headers that may be read.
    """
    if not origins:
        return app
    allowed = frozenset(origin.encode() for origin in origins)

    async def sharing(scope: Scope, receive: Receive, send: Send) -> None:
        origin = _header(scope, b"origin")
        if origin is None or not (b"*" in allowed or origin.lower() in allowed):
            await app(scope, receive, send)
            return
        told: list[Header] = [
            (b"access-control-allow-origin", b"*" if b"*" in allowed else origin),
            (b"access-control-expose-headers", b"*"),
            (b"vary", b"Origin"),
        ]
        if scope["method"] == "OPTIONS" and _header(scope, b"access-control-request-method"):
            asked = _header(scope, b"access-control-request-headers") or _USUAL
            told += [
                (b"access-control-allow-methods", _METHODS),
                (b"access-control-allow-headers", asked),
                (b"access-control-max-age", _AGE),
            ]
            await send({"type": "http.response.start", "status": 204, "headers": told})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return

        async def telling(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message.get("headers", ()), *told]}
            await send(message)

        await app(scope, receive, telling)

    return sharing


def _header(scope: Scope, wanted: bytes) -> bytes | None:
    found: bytes | None = next((v for n, v in scope["headers"] if n == wanted), None)
    return found
