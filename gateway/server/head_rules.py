"""What a head may be, whichever server read it: its length, its fields, and whom it is meant for.

What two readers of one request could understand differently is refused: that is how one request is
smuggled past a proxy inside another (RFC 9112, sections 3.2, 6.1 and 11.2).
"""

from __future__ import annotations

from itertools import chain
from typing import Final

from inference.edge.asgi import CLOSE, Message, Receive, Scope, Send
from inference.edge.refusal import RefusingConsumer
from inference.values.error_answer import ErrorAnswer

HEAD_BYTES: Final = 64 * 1024
FIELDS: Final = 100
_FRAME: Final = 4
"""Bytes of a field's line beside its name and its value."""


async def refuse(error: ErrorAnswer, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with an error in the caller's form, and ends the connection."""

    async def closing(message: Message) -> None:
        if message["type"] == "http.response.start" and CLOSE not in message["headers"]:
            message["headers"].append(CLOSE)
        await send(message)

    await RefusingConsumer.as_asgi(answer=error)(scope, receive, closing)


def fault(scope: Scope) -> ErrorAnswer | None:
    """What is wrong with a head, None for nothing."""
    headers = scope["headers"]
    # All in C: this is done for every request.
    size = sum(map(len, chain.from_iterable(headers))) + len(headers) * _FRAME
    named = dict(headers)
    hosts = int(b"host" in named)
    if len(named) < len(headers):
        hosts = [name for name, _ in headers].count(b"host")
    size += len(scope.get("raw_path") or b"")
    size += len(scope.get("query_string") or b"")
    if len(headers) > FIELDS or size > HEAD_BYTES:
        return _TOO_LARGE
    version = scope.get("http_version", "1.1")
    if hosts > 1 or (not hosts and version == "1.1"):
        return _NO_HOST if not hosts else _TWO_HOSTS
    if version == "1.0" and b"transfer-encoding" in named:
        return _CHUNKED
    return None


_TOO_LARGE: Final = ErrorAnswer(
    431,
    f"The head of the request is larger than {HEAD_BYTES // 1024} KiB or has more than {FIELDS} "
    "fields, the limits.",
    "head_too_large",
)
_NO_HOST: Final = ErrorAnswer(400, "The request has no Host header.", "missing_host")
_TWO_HOSTS: Final = ErrorAnswer(400, "The request has two Host headers.", "duplicate_host")
_CHUNKED: Final = ErrorAnswer(
    400, "HTTP/1.0 knows no Transfer-Encoding: send a Content-Length.", "bad_framing"
)
