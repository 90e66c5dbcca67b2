"""Errors of what is sent to the console and to REST, where Django does not come to answer them."""

from __future__ import annotations

from typing import Final

import msgspec

from inference.edge import asgi
from inference.edge.asgi import Receive, Send

_CODES: Final = {
    408: "request_timeout",
    413: "request_too_large",
    500: "internal_error",
    503: "overloaded",
}


async def page_error(receive: Receive, send: Send, status: int, message: str) -> None:
    """The governance API's envelope; browsers show it as it is."""
    code = _CODES[status]
    error = {"message": message, "type": code, "code": code, "fields": {}}
    headers = [(b"content-type", b"application/json")]
    if status == 503:
        headers.append((b"retry-after", b"1"))
    await asgi.respond(send, status, headers, msgspec.json.encode({"error": error}), unread=receive)
