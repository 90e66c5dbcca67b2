"""ASGI's types and the one way in which plain answers are sent.

ASGI servers hand a request to the application when its head has arrived; the body comes with
`receive()`, which is also what makes them send `100 Continue`. So an application that refuses a
request by its head answers without having called `receive`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any, Final, NamedTuple

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Header = tuple[bytes, bytes]

WHOLE_BODY: Final = "pointsman.whole_body"
"""Of a scope: gives the body where all of it came with the head, else None. A server of ours has
it, and saves what waiting for events costs."""
CLOSE: Final[Header] = (b"connection", b"close")
LINGER_BYTES: Final = 256 * 1024
"""Of an unread body, what is read and thrown away behind a refusal."""
LINGER_SECONDS: Final = 1.0
"""How long that may take."""


_MOST_DIGITS: Final = 30
"""Of a length that is read."""


class AnnouncedBody(NamedTuple):
    """What the head of a request says of its body."""

    length: int
    """By `content-length`; 0 where nothing is said."""
    follows: bool
    """There is one."""
    coded: bool
    """It is in a content coding."""


def announced_body(headers: Iterable[Header]) -> AnnouncedBody:
    """Servers see to it that there is one length at most."""
    named = dict(headers)
    given = named.get(b"content-length", b"")
    # Of so many that Python refuses to read them, a number is too large in any case.
    length = int(given[:_MOST_DIGITS]) if given.isdigit() else 0
    follows = length > 0 or b"transfer-encoding" in named
    return AnnouncedBody(length, follows, b"content-encoding" in named)


def unread_body(scope: Scope, receive: Receive) -> Receive | None:
    """What `respond` takes as `unread` where nothing of the body has been read."""
    return receive if announced_body(scope["headers"]).follows else None


async def respond(
    send: Send,
    status: int,
    headers: Iterable[Header],
    body: bytes,
    *,
    unread: Receive | None = None,
) -> None:
    """Sends a whole answer; `content-length` is added.

    `unread` is the request's `receive` where its body was announced and not read. The connection
    is then closed, since the rest of the body would be taken for the next request, but not at
    once: see `linger`.
    """
    head = [*headers, (b"content-length", b"%d" % len(body))]
    if unread is not None:
        head.append(CLOSE)
    await send({"type": "http.response.start", "status": status, "headers": head})
    if unread is not None:
        await send({"type": "http.response.body", "body": body, "more_body": True})
        await linger(unread)
        body = b""
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def linger(receive: Receive) -> None:
    """Reads and throws away what is left of a body, within `LINGER_BYTES` and `LINGER_SECONDS`.

    Between the answer and its end (lingering close): a connection that is closed with bytes unread
    is reset, and the caller would see that instead of the answer.
    """
    left = LINGER_BYTES
    try:
        async with asyncio.timeout(LINGER_SECONDS):
            while left > 0:
                message = await receive()
                if message["type"] != "http.request" or not message.get("more_body"):
                    return
                left -= len(message.get("body", b""))
    except TimeoutError:
        return
