"""Bodies over the limit are refused before Django, which would spool them to disk first."""

from __future__ import annotations

import msgspec

from inference.edge import asgi
from inference.edge.asgi import App, Message, Receive, Scope, Send
from inference.edge.consumer import BodyTooLarge


def limited(app: App, limit: int) -> App:
    """`app`, which never sees more than `limit` bytes of a request's body."""

    async def limiting(scope: Scope, receive: Receive, send: Send) -> None:
        if asgi.announced_length(scope["headers"]) > limit:
            await _refuse(receive, send, limit)
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
            await _refuse(receive, send, limit)

    return limiting


async def _refuse(receive: Receive, send: Send, limit: int) -> None:
    """The governance API's envelope; browsers show it as it is."""
    message = f"The body is larger than {limit // (1024 * 1024)} MiB, the limit."
    error = {"type": "request_too_large", "code": "request_too_large", "fields": {}}
    body = msgspec.json.encode({"error": {"message": message, **error}})
    headers = [(b"content-type", b"application/json")]
    await asgi.respond(send, 413, headers, body, unread=receive)
