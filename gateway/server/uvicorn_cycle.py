"""Uvicorn's answer to one request with a leaner way out: one write where there were two."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import Any, Final, cast

from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from inference.edge.asgi import WHOLE_BODY
from inference.upstream.outbox import Outbox

_STATUS_LINES: Final = {
    status.value: f"HTTP/1.1 {status.value} {status.phrase}".encode() for status in HTTPStatus
}
_UNFIT_NAME: Final = re.compile(rb"[^!#$%&'*+.^_`|~0-9A-Za-z-]")
"""What is no `tchar` (RFC 9110, section 5.6.2)."""
_UNFIT_BYTES: Final = bytes({*range(0x20), 0x7F} - {*b"\t\r\n"})
"""Of a value, besides those that end a line."""
_JOINED: Final = 64 * 1024
"""Bytes of a body that are copied behind their head rather than written on their own."""
_LINE: Final = b": ".join
"""Makes a line of a name and its value."""
_known: Final[set[bytes]] = set()
"""Names that are fit and in small letters."""
_MOST_KNOWN: Final = 1024


def _field(given: bytes, value: bytes) -> tuple[bytes, bytes]:
    """A header with its name in small letters, which Django writes as it likes.

    Raises `RuntimeError` for what is no name.
    """
    name = given.lower()
    if not name or _UNFIT_NAME.search(name):
        raise RuntimeError(f"A header of the answer has an invalid name: {given!r}.")
    if len(_known) < _MOST_KNOWN:
        _known.add(name)
    return name, value


def _says_close(fields: list[tuple[bytes, bytes]]) -> bool:
    """Whether any `connection` header, or any word of one, ends the connection."""
    return any(
        name == b"connection" and b"close" in map(bytes.strip, value.lower().split(b","))
        for name, value in fields
    )


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
            body, more = message.get("body", b""), message.get("more_body", False)
            if more and body and self.chunked_encoding and not self._head:
                # Most of what is sent: the middle of a stream.
                self.outbox.write(self.transport, b"%x\r\n%b\r\n" % (len(body), body))
                return
            self._send_body(body, more=more)
        else:
            self._keep_head(message["status"], message.get("headers", ()))

    def _keep_head(self, status: int, own: Any) -> None:
        self.chunked_encoding = self.scope["method"] != "HEAD" and status not in (204, 304)
        fields = [*self.default_headers, *own]
        named = dict(fields)
        if not _known.issuperset(named):
            fields = [_field(*pair) for pair in fields]
            named = dict(fields)
        if b"transfer-encoding" in named:
            # Ours to decide.
            fields = [pair for pair in fields if pair[0] != b"transfer-encoding"]
        length = named.get(b"content-length")
        if length is not None:
            self.expected_content_length = int(length)
            self.chunked_encoding = False
        if b"connection" in named and _says_close(fields):
            self.keep_alive = False
        elif not self.keep_alive:
            fields.append((b"connection", b"close"))
        if self.chunked_encoding:
            fields.append((b"transfer-encoding", b"chunked"))
        line = _STATUS_LINES.get(status) or b"HTTP/1.1 %d " % status
        head = b"\r\n".join([line, *map(_LINE, fields), b"", b""])
        # A value with a line end of its own would be a header nobody gave, or a body.
        lines = len(fields) + 2
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
        # A method of ours, within us: of a circle nothing is freed before it is looked for.
        cast(dict[str, Any], self.scope).pop(WHOLE_BODY, None)
        if not self.keep_alive:
            self.outbox.flush()
            self.transport.close()
        self.on_response()
