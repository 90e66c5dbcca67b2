"""Uvicorn's HTTP protocol with a leaner way out: fewer writes, fewer timers."""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from inference.outbox import Outbox, outbox_of

_STATUS_LINES: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}
_UNFIT_NAME: Final = re.compile(rb"[^!#$%&'*+.^_`|~0-9A-Za-z-]")
"""What is no `tchar` (RFC 9110, section 5.6.2)."""
_UNFIT_VALUE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_JOINED: Final = 64 * 1024
"""Bytes of a body that are copied behind their head rather than written on their own."""


class Cycle(RequestResponseCycle):
    """Keeps the head of an answer until the first of its body is there: one write for both.

    ASGI wants it so ("Response Start": nothing leaves before the first body event). Most answers
    are whole, and every write is a system call.
    """

    _head = b""
    outbox: Outbox

    async def send(self, message: Any) -> None:
        """Takes one event of an answer. Raises `RuntimeError` for what ASGI or HTTP forbids."""
        if self.flow.write_paused and not self.disconnected:
            await self.flow.drain()
        if self.disconnected:
            return
        kind = message["type"]
        if self.response_complete or kind != (
            "http.response.body" if self.response_started else "http.response.start"
        ):
            raise RuntimeError(f"The application sent {kind!r} out of order.")
        if self.response_started:
            self._send_body(message.get("body", b""), more=message.get("more_body", False))
        else:
            self._keep_head(message["status"], message.get("headers", ()))

    def _keep_head(self, status: int, own: Any) -> None:
        headers = [*self.default_headers, *own]
        self.chunked_encoding = self.scope["method"] != "HEAD" and status not in (204, 304)
        closes = False
        parts = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status]
        for given, value in headers:
            # Django writes them as it likes.
            name = given.lower()
            if name == b"content-length":
                self.expected_content_length = int(value)
                self.chunked_encoding = False
            elif name == b"transfer-encoding":
                # Ours to decide.
                continue
            elif name == b"connection" and value.lower() == b"close":
                self.keep_alive, closes = False, True
            parts += (name, b": ", value, b"\r\n")
        names, values = zip(*headers, strict=True) if headers else ((), ())
        if _UNFIT_NAME.search(b"".join(names)) or _UNFIT_VALUE.search(b"".join(values)):
            raise RuntimeError("A header of the answer has an invalid name or value.")
        if not self.keep_alive and not closes:
            parts.append(b"connection: close\r\n")
        parts.append(b"transfer-encoding: chunked\r\n\r\n" if self.chunked_encoding else b"\r\n")
        self._head = b"".join(parts)
        self.response_started = True
        self.waiting_for_100_continue = False

    def _send_body(self, body: bytes, *, more: bool) -> None:
        head, self._head = self._head, b""
        if self.scope["method"] == "HEAD":
            self.expected_content_length = 0
            body = b""
        elif self.chunked_encoding:
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            if not more:
                body += b"0\r\n\r\n"
        else:
            self.expected_content_length -= len(body)
            if self.expected_content_length < 0:
                raise RuntimeError("The answer's body is longer than its content-length.")
        if head and len(body) > _JOINED:
            self.outbox.write(self.transport, head)
            head = b""
        if head or body:
            self.outbox.write(self.transport, head + body)
        if more:
            return
        if self.expected_content_length:
            raise RuntimeError("The answer's body is shorter than its content-length.")
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.outbox.flush()
            self.transport.close()
        self.on_response()


class Protocol(HttpToolsProtocol):
    """One connection of a caller, closed when it was idle for Uvicorn's `timeout_keep_alive`.

    Its timer runs on through requests and looks at the clock when it fires.
    """

    _idle_since: float | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.outbox = outbox_of(self.loop)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        # Before the task that Uvicorn made of it takes its first step.
        self.cycle.__class__ = Cycle
        cast(Cycle, self.cycle).outbox = self.outbox

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
            return
        self._idle_since = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._arm(self.timeout_keep_alive)

    def _unset_keepalive_if_required(self) -> None:
        self._idle_since = None

    def send_400_response(self, msg: str) -> None:
        self.outbox.flush()
        super().send_400_response(msg)

    def shutdown(self) -> None:
        self.outbox.flush()
        super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self.timeout_keep_alive_task is not None:
            self.timeout_keep_alive_task.cancel()
            self.timeout_keep_alive_task = None

    def timeout_keep_alive_handler(self) -> None:
        self.timeout_keep_alive_task = None
        if self._idle_since is None:
            # A request is under way; its end arms the timer again.
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        # The clock's resolution may let a timer fire a hair early.
        if left > 0.001:
            self._arm(left)
        else:
            super().timeout_keep_alive_handler()

    def _arm(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )
