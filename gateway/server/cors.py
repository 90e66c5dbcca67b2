"""Cross-origin requests (the Fetch standard's CORS protocol): pages of other origins, by setting.

Without `POINTSMAN_CORS_ORIGINS` browsers keep every page of another origin out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import urlsplit

from django.http.request import split_domain_port, validate_host

from inference.edge.asgi import App, Header, Message, Receive, Scope, Send
from inference.values.error_answer import ErrorAnswer

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


def foreign_page(
    headers: Iterable[Header], origins: Sequence[str], hosts: Sequence[str]
) -> ErrorAnswer | None:
    """Why a caller without a key is refused: a page of somebody else's has the browser ask.

    A browser sends simple requests of any page without asking first, and keeps only the answer
    from it. Its own name is no proof that a page is ours: a name may lead here that is somebody
    else's (DNS rebinding), so it has to be one of `hosts`.
    """
    named = dict(headers)
    origin = named.get(b"origin")
    if origin is None:
        return None
    text = origin.decode("latin-1").lower()
    if "*" in origins or text in origins:
        return None
    place, host = urlsplit(text).netloc, named.get(b"host", b"").decode("latin-1").lower()
    if place and place == host and validate_host(split_domain_port(host)[0], hosts):
        return None
    return _FOREIGN


_FOREIGN: Final = ErrorAnswer(
    403,
    "Pages of other origins may not ask here without an API key. POINTSMAN_CORS_ORIGINS names the "
    "origins that may.",
    "origin_not_allowed",
)


def _header(scope: Scope, wanted: bytes) -> bytes | None:
    found: bytes | None = next((v for n, v in scope["headers"] if n == wanted), None)
    return found
