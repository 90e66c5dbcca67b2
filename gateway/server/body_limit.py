"""Bodies over the limit are refused before Django, which would spool them to disk first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from inference.edge.consumer import BodyTooLarge, Message, Receive, Scope, Send

App = Callable[[Scope, Receive, Send], Awaitable[None]]


def limited(app: Any, limit: int) -> App:
    """`app`, which never sees more than `limit` bytes of a request's body."""

    async def limiting(scope: Scope, receive: Receive, send: Send) -> None:
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > limit:
            await _refuse(send, limit)
            return
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                raise BodyTooLarge
            return message

        try:
            await app(scope, counted, send)
        except BodyTooLarge:
            await _refuse(send, limit)

    return limiting


async def _refuse(send: Send, limit: int) -> None:
    """The governance API's envelope; browsers show it as it is."""
    message = f"The body is larger than {limit // (1024 * 1024)} MiB, the limit."
    error = {"type": "request_too_large", "code": "request_too_large", "fields": {}}
    body = msgspec.json.encode({"error": {"message": message, **error}})
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 413, "headers": headers})
    await send({"type": "http.response.body", "body": body})
