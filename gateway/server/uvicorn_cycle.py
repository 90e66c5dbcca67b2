"""Uvicorn's answer to one request with a leaner way out: one write where there were two."""

from __future__ import annotations

import re
from functools import lru_cache
from http import HTTPStatus
from itertools import chain
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from inference.upstream.outbox import Outbox

_STATUS_LINES: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}".encode() for status in HTTPStatus
}
_UNFIT_NAME: Final = re.compile(rb"[^!#$%&'*+.^_`|~0-9A-Za-z-]")
"""What is no `tchar` (RFC 9110, section 5.6.2)."""
_UNFIT_BYTES: Final = bytes({*range(0x20), 0x7F} - {*b"\t\r\n"})
"""Of a value, besides those that end a line."""
_OURS: Final = frozenset({b"content-length", b"transfer-encoding", b"connection"})
"""Headers that say how an answer is sent."""
_JOINED: Final = 64 * 1024
"""Bytes of a body that are copied behind their head rather than written on their own."""


@lru_cache(maxsize=1024)
def _field(given: bytes) -> tuple[bytes, bytes]:
    """A header's name in small letters, which Django writes as it likes, and how its line begins.

    Raises `RuntimeError` for what is no name.
    """
    name = given.lower()
    if not name or _UNFIT_NAME.search(name):
        raise RuntimeError(f"A header of the answer has an invalid name: {given!r}.")
    return name, b"\r\n%b: " % name


class Cycle(RequestResponseCycle):
    """Keeps the head of an answer until the first of its body is there: one write for both.

    ASGI wants it so ("Response Start": nothing leaves before the first body event). Most answers
    are whole, and every write is a system call.
    """

    _head = b""
    outbox: Outbox

    def take_body(self) -> bytes | None:
        """All of the request's body, if it is here and was not received yet."""
        if self.more_body or self.disconnected:
            return None
        body, self.body = bytes(self.body), bytearray()
        self.message_event.clear()
        self.flow.resume_reading()
        return body

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
        self.chunked_encoding = self.scope["method"] != "HEAD" and status not in (204, 304)
        closes = False
        parts = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d " % status]
        lines = 2
        for given, value in chain(self.default_headers, own):
            name, lead = _field(given)
            if name in _OURS:
                if name == b"content-length":
                    self.expected_content_length = int(value)
                    self.chunked_encoding = False
                elif name == b"transfer-encoding":
                    # Ours to decide.
                    continue
                elif value.lower() == b"close":
                    self.keep_alive, closes = False, True
            parts += (lead, value)
            lines += 1
        if not self.keep_alive and not closes:
            parts.append(b"\r\nconnection: close")
            lines += 1
        if self.chunked_encoding:
            parts.append(b"\r\ntransfer-encoding: chunked")
            lines += 1
        parts.append(b"\r\n\r\n")
        head = b"".join(parts)
        # A value with a line end of its own would be a header nobody gave, or a body.
        if (
            head.count(b"\n") != lines
            or head.count(b"\r") != lines
            or len(head.translate(None, _UNFIT_BYTES)) != len(head)
        ):
            raise RuntimeError("A header of the answer has an invalid value.")
        self._head = head
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
