"""Writing to the caller: heads, chunks, and errors in the caller's protocol."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from inference.edge import asgi, response_headers
from inference.edge.asgi import Receive, Send
from inference.edge.disconnect_watcher import DisconnectWatcher
from inference.edge.heartbeat import Heartbeat
from inference.protocols import CallersProtocol
from inference.values.error_answer import ErrorAnswer

_NO_RETRY: Final = (b"x-should-retry", b"false")
_FOR_GOOD: Final = frozenset({401, 403, 404})
"""Statuses of errors that nobody gets over by asking again; agents do so for a minute otherwise."""


class AnswerWriter:
    """The answer to one request, in its caller's protocol, errors included."""

    __slots__ = (
        "_send",
        "events",
        "heartbeat",
        "on_sent",
        "owes_end",
        "protocol",
        "request_id",
        "started",
        "status",
        "stream_client",
        "unread",
        "watcher",
    )

    def __init__(
        self,
        send: Send,
        protocol: CallersProtocol,
        request_id: str,
    ) -> None:
        self._send = send
        self.protocol = protocol
        self.request_id = request_id
        self.started = False
        """The head has left."""
        self.events = 0
        """Of a stream, that have left."""
        self.status = 0
        """HTTP status that was sent; 0 before the head."""
        self.heartbeat: Heartbeat | None = None
        """Told of every chunk, and ended before the last one."""
        self.watcher: DisconnectWatcher | None = None
        """Ended before the last chunk: servers report a disconnect after a normal end too."""
        self.unread: Receive | None = None
        """The request's `receive`, while its body is not read to its end."""
        self.owes_end = False
        """The answer is written but for its end: the request's body is still coming."""
        self.stream_client: bytes | None = None
        """The `user-agent` of a caller who asked for a stream of events."""
        self.on_sent: Callable[[bytes], None] | None = None
        """Sees every part of a body before it leaves."""

    async def head(self, status: int, headers: response_headers.Headers) -> None:
        self.started = True
        self.status = status
        headers.extend(self.protocol.own_headers(self.request_id))
        await self._send({"type": "http.response.start", "status": status, "headers": headers})

    async def chunk(self, data: bytes) -> None:
        if self.on_sent is not None:
            self.on_sent(data)
        self.events += data.count(b"\n\n")
        await self._send({"type": "http.response.body", "body": data, "more_body": True})
        if self.heartbeat is not None:
            self.heartbeat.touch()

    async def last(self, data: bytes) -> None:
        if self.heartbeat is not None:
            self.heartbeat.stop()
        if self.watcher is not None:
            self.watcher.stop()
            self.watcher = None
        if self.on_sent is not None:
            self.on_sent(data)
        await self._send({"type": "http.response.body", "body": data, "more_body": False})

    async def respond(self, status: int, headers: response_headers.Headers, body: bytes) -> None:
        """A complete answer."""
        headers.append((b"content-length", str(len(body)).encode()))
        if self.unread is not None:
            headers.append(asgi.CLOSE)
            await self.head(status, headers)
            self.owes_end = True
            await self.chunk(body)
            return
        await self.head(status, headers)
        await self.last(body)

    async def linger(self) -> None:
        """Ends an answer to a request whose body is unread, so that its caller sees it."""
        if not self.owes_end:
            return
        self.owes_end = False
        if self.watcher is not None:
            self.watcher.stop()
        if self.unread is not None:
            await asgi.linger(self.unread)
        await self.last(b"")

    async def refuse(
        self, error: ErrorAnswer, headers: response_headers.Headers | None = None
    ) -> None:
        """Answers with an error; in a stream that has begun, with the protocol's error event."""
        if self.started:
            await self.last(self.protocol.error_event(error, self.request_id))
            return
        if headers is None:
            headers = [(b"x-request-id", self.request_id.encode())]
        headers += response_headers.retry_after(error.retry_after)
        headers += error.headers
        if self.status_of(error) in _FOR_GOOD and _NO_RETRY not in headers:
            headers.append(_NO_RETRY)
        if self.tells_by_event(error):
            await self.head(200, [*response_headers.STREAM, *headers])
            await self.last(self.protocol.error_event(error, self.request_id))
            return
        if error.status == 401:
            headers.append((b"www-authenticate", b"Bearer"))
        body = self.protocol.error_body(error, self.request_id)
        await self.respond(self.status_of(error), [response_headers.JSON, *headers], body)

    def tells_by_event(self, error: ErrorAnswer) -> bool:
        """Whether an error begins a stream of its own, for a client that looks for it there."""
        client = self.stream_client
        if client is None or self.unread is not None:
            return False
        return self.protocol.told_by_event(self.status_of(error), client)

    def status_of(self, error: ErrorAnswer) -> int:
        """The error's status, as the caller's protocol knows it."""
        return self.protocol.STATUSES.get(error.status, error.status)
