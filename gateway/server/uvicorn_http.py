"""Uvicorn's HTTP protocol with bounds on what a caller may leave open, and fewer timers."""

from __future__ import annotations

import asyncio
from math import inf
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.server.head_rules import HEAD_BYTES
from gateway.server.overload import surplus
from gateway.server.uvicorn_cycle import Cycle
from inference.edge.asgi import WHOLE_BODY
from inference.upstream.outbox import outbox_of

MOST_SURPLUS: Final = 128
"""Connections past the cap that are still told so; those after them are reset."""
SHED_IDLE: Final = 1.0
"""Seconds of idleness after which a connection is closed once there are too many, and the shortest
time between two looks for such connections."""

_TOO_LARGE: Final = (431, "Request Header Fields Too Large", "head_too_large")
_TOO_SLOW: Final = (408, "Request Timeout", "request_timeout")


class Protocol(HttpToolsProtocol):
    """One connection of a caller, with one timer for all of its life.

    Whoever sends nothing, or a head bit by bit, is let go; so is who does not read an answer that
    is complete. A timer runs on through requests and looks at the clock when it fires.
    """

    silent_seconds = 10.0
    """How long a new connection may send nothing."""
    head_seconds = 10.0
    """How long a head may take from its first byte to its last."""
    unread_seconds = 30.0
    """How long an answer may stay where it is, unread, once it is complete."""
    most_connections = 8192
    """Open at a time in this process."""

    _timer_at = inf
    _due: float | None = None
    """When the connection is closed; None while a request is under way."""
    _idle_since: float | None = None
    _open = False
    """A request has begun to come and not yet come whole."""
    _in_head = False
    _apart = 0
    """Bytes since the request began, or since the last of its body, that are no body: of a head, of
    trailers, of what announces chunks."""
    _unsent: float = inf
    _last_shed = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.outbox = outbox_of(self.loop)
        self._end_after(self.silent_seconds)
        count = len(self.connections)
        if count > self.most_connections:
            self._is_surplus(count)

    def _is_surplus(self, count: int) -> None:
        now = self.loop.time()
        if now - Protocol._last_shed > SHED_IDLE:
            Protocol._last_shed = now
            for one in list(self.connections):
                if isinstance(one, Protocol):
                    one.shed(now - SHED_IDLE)
        if count > self.most_connections + MOST_SURPLUS:
            self.transport.abort()
        self.app = cast(Any, surplus(cast(Any, self.app)))

    def shed(self, before: float) -> None:
        """Closes a connection that has been idle since `before` or longer."""
        if self._idle_since is not None and self._idle_since < before and not self._open:
            self.transport.close()

    def data_received(self, data: bytes) -> None:
        self._apart += len(data)
        super().data_received(data)
        if self._open:
            self._goes_on()

    def _goes_on(self) -> None:
        """Part of a request is here; not all of it."""
        if self._apart > HEAD_BYTES:
            self._refuse(*_TOO_LARGE)
        elif self._in_head and self._idle_since != -inf:
            # Its first bytes: from here on its head has so long.
            self._idle_since = -inf
            self._end_after(self.head_seconds)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._open = self._in_head = True
        self._apart = 0

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._in_head = False
        self._due = self._idle_since = None
        # Before the task that Uvicorn made of it takes its first step.
        self.cycle.__class__ = Cycle
        cycle = cast(Cycle, self.cycle)
        cycle.outbox = self.outbox
        cast(dict[str, Any], self.scope)[WHOLE_BODY] = cycle.take_body

    def on_body(self, body: bytes) -> None:
        self._apart = 0
        # The first piece stays what it is, and is copied neither here nor when it is received. To
        # those behind it Uvicorn adds, which has to be cheap however small they are.
        held: bytes | bytearray = self.cycle.body
        if not held:
            self.cycle.body = cast(bytearray, b"")
        elif isinstance(held, bytes):
            self.cycle.body = bytearray(held)
        super().on_body(body)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._open = False

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            self._end_after(self.unread_seconds)
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._in_head:
            self._end_after(self.head_seconds)
        else:
            self._idle_since = self.loop.time()
            self._end_after(self.timeout_keep_alive)

    def _unset_keepalive_if_required(self) -> None:
        """Uvicorn calls it for any byte. Here the time runs until a whole head has come."""

    def send_400_response(self, msg: str) -> None:
        self.outbox.flush()
        super().send_400_response(msg)
        self._open = False

    def shutdown(self) -> None:
        self.outbox.flush()
        super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._open = False
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task, self._timer_at = None, inf
        due = self._due
        if due is None or self._is_answering():
            # Its end arms the timer again.
            return
        left = due - self.loop.time()
        # The clock's resolution may let a timer fire a hair early.
        if left > 0.001:
            self._arm(left)
        else:
            self._end()

    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _end(self) -> None:
        """The time is over."""
        self.outbox.flush()
        unsent = self.transport.get_write_buffer_size()
        if unsent:
            if unsent < self._unsent:
                # It is being read, slowly.
                self._unsent = unsent
                self._end_after(self.unread_seconds)
            else:
                self.transport.abort()
        elif self._open and not self.transport.is_closing():
            self._refuse(*_TOO_SLOW)
        else:
            self.transport.close()

    def _refuse(self, status: int, phrase: str, code: str) -> None:
        """Answers what is no whole request, unless an answer is under way, and ends it."""
        self._open = False
        if self.transport.is_closing():
            return
        if self._is_answering():
            self.transport.abort()
            return
        self.outbox.flush()
        body = b'{"error":{"message":"%b","type":"invalid_request_error","code":"%b"}}'
        body %= phrase.encode(), code.encode()
        self.transport.write(
            b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n"
            b"connection: close\r\n\r\n%b" % (status, phrase.encode(), len(body), body)
        )
        self.transport.close()
        self._end_after(self.unread_seconds)

    def _end_after(self, seconds: float) -> None:
        self._due = due = self.loop.time() + seconds
        if due < self._timer_at - 0.001:
            if self.timeout_keep_alive_task is not None:
                self.timeout_keep_alive_task.cancel()
            self._arm(seconds)

    def _arm(self, seconds: float) -> None:
        self._timer_at = self.loop.time() + seconds
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )
