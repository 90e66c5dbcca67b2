"""Server-sent events, bytes to events and back, whatever way the bytes were cut.

Source: the WHATWG HTML standard, section "Server-sent events". Only CR, LF and CRLF end a line: a
U+2028 inside JSON does not.
"""

from __future__ import annotations

from typing import Final, NamedTuple

MAX_EVENT: Final = 16 * 1024 * 1024
"""Bytes of one event; more is an upstream gone wrong, not an answer."""

_BOM: Final = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One dispatched event. `name` is empty where the stream names none."""

    name: bytes
    data: bytes


class EventTooLarge(Exception):
    """An event grew past the parser's limit without ending."""


class Parser:
    """Collects chunks until events are complete. Comments, `id` and `retry` are dropped."""

    __slots__ = ("_after_cr", "_limit", "_rest", "_start")

    def __init__(self, limit: int = MAX_EVENT) -> None:
        self._limit = limit
        self._rest = bytearray()
        self._after_cr = False
        self._start = True

    def feed(self, chunk: bytes) -> list[Event]:
        """The events this chunk completes. Raises `EventTooLarge`."""
        if self._start:
            chunk = self._without_bom(chunk)
        if self._after_cr or b"\r" in chunk:
            chunk = self._with_line_feeds(chunk)
        if not self._rest and chunk.endswith(b"\n\n"):
            return _events(chunk)
        return self._buffered(chunk)

    @property
    def at_border(self) -> bool:
        """Nothing is held back: the next chunk begins an event."""
        return not (self._rest or self._after_cr)

    def end(self) -> list[Event]:
        """The event that was complete but for its blank line, if there is one."""
        rest = bytes(self._rest)
        self._rest.clear()
        return _events(rest)

    def _buffered(self, chunk: bytes) -> list[Event]:
        rest = self._rest
        seen = len(rest)
        rest += chunk
        # The border may lie across the cut, never before it.
        border = rest.rfind(b"\n\n", max(0, seen - 1))
        if border < 0:
            if len(rest) > self._limit:
                raise EventTooLarge(f"An event is longer than {self._limit} bytes.")
            return []
        complete = bytes(rest[:border])
        del rest[: border + 2]
        if len(rest) > self._limit:
            raise EventTooLarge(f"An event is longer than {self._limit} bytes.")
        return _events(complete)

    def _without_bom(self, chunk: bytes) -> bytes:
        """Drops a byte order mark at the very start, which may itself arrive in pieces."""
        head = bytes(self._rest) + chunk
        if len(head) < len(_BOM) and _BOM.startswith(head):
            self._rest[:] = head
            return b""
        self._rest.clear()
        self._start = False
        return head.removeprefix(_BOM)

    def _with_line_feeds(self, chunk: bytes) -> bytes:
        """CRLF and CR become LF. The LF of a CRLF cut in two is swallowed when it comes."""
        if not chunk:
            return chunk
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_cr = False
            if not chunk:
                return chunk
        self._after_cr = chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")


def encode(data: bytes, name: bytes = b"") -> bytes:
    """One event as it goes over the wire."""
    if b"\n" in data:
        data = data.replace(b"\n", b"\ndata: ")
    if name:
        return b"event: " + name + b"\ndata: " + data + b"\n\n"
    return b"data: " + data + b"\n\n"


def _events(complete: bytes) -> list[Event]:
    events = []
    for block in complete.split(b"\n\n"):
        if block.startswith(b"data: ") and b"\n" not in block:
            events.append(Event(b"", block[6:]))
        elif block:
            event = _event(block)
            if event is not None:
                events.append(event)
    return events


def _event(block: bytes) -> Event | None:
    first, _, second = block.partition(b"\n")
    if first.startswith(b"event: ") and second.startswith(b"data: ") and b"\n" not in second:
        return Event(first[7:], second[6:])
    name = b""
    data: list[bytes] = []
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")
    return Event(name, b"\n".join(data)) if data else None
