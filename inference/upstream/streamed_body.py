"""A request's body that goes out piece by piece, be it here already or still on its way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

_SLICE: Final = 256 * 1024


class BodyReader(Protocol):
    """Reads a body once, from its beginning."""

    def take(self) -> bytes | memoryview | None:
        """The next piece, b"" at the end, None where the next has not come yet: `wake` is called
        when it has. What it raises ends the exchange, and is what the reply raises."""
        ...

    def close(self) -> None:
        """It is read no further."""


class StreamedBody(Protocol):
    """Can be read again from its beginning, for every time the request goes out."""

    @property
    def length(self) -> int | None:
        """Bytes; None where nobody knows yet, so that it goes out in chunks (RFC 9112, section
        7.1)."""
        ...

    def open(self, wake: Callable[[], object]) -> BodyReader: ...


def framing(body: StreamedBody) -> bytes:
    """The header line that says where the body ends."""
    if body.length is None:
        return b"transfer-encoding: chunked\r\n"
    return b"content-length: %d\r\n" % body.length


class Slices:
    """The reader of a large body that is here."""

    def __init__(self, body: bytes) -> None:
        self._rest = memoryview(body)

    def take(self) -> memoryview:
        part, self._rest = self._rest[:_SLICE], self._rest[_SLICE:]
        return part

    def close(self) -> None:
        self._rest = memoryview(b"")


class OutgoingBody:
    """What is left to be sent of one body, as it goes over the wire."""

    def __init__(self, body: bytes | StreamedBody, wake: Callable[[], object]) -> None:
        self._chunked = not isinstance(body, bytes) and body.length is None
        self._reader = Slices(body) if isinstance(body, bytes) else body.open(wake)
        self.over = False

    def take(self) -> bytes | memoryview | None:
        """The next piece; None where it has not come yet, and once all is `over`."""
        part = None if self.over else self._reader.take()
        if part is None:
            return None
        if not part:
            self.stop()
        if self._chunked:
            return b"%x\r\n%b\r\n" % (len(part), bytes(part))
        return part

    def stop(self) -> None:
        self.over = True
        self._reader.close()
