"""A response on its way in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from inference.upstream.body import BodyDecoding
from inference.upstream.errors import ResponseTooLarge, UndecodableBody, UpstreamClosed, afresh

#: Bytes that may wait for a reader before the connection stops reading.
MAX_BUFFERED: Final = 256 * 1024


class Source(Protocol):
    """What a reply asks of the connection that fills it."""

    reading_paused: bool

    def resume_reading(self) -> None: ...

    def drop(self) -> None: ...


class Reply:
    """The response to one request: its head, and its body as it arrives.

    One task at a time reads. A reply read to its end has given its connection back by itself; any
    other must be aborted. `attach` to `restart` are for the client and its connections.
    """

    __slots__ = (
        "_buffered",
        "_cancel_dial",
        "_chunks",
        "_complete",
        "_decoding",
        "_error",
        "_loop",
        "_named",
        "_source",
        "_stale",
        "_text",
        "_waiter",
        "headers",
        "resent",
        "status",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        #: 0 until the head of the final response is here.
        self.status = 0
        #: In the order they came, names lower-cased. Trailers are left out.
        self.headers: list[tuple[bytes, bytes]] = []
        #: The request was sent a second time, since the first connection had died while idle.
        self.resent = False
        self._loop = loop
        self._named: dict[bytes, bytes] | None = None
        self._source: Source | None = None
        self._chunks: list[bytes] = []
        self._buffered = 0
        self._complete = False
        self._decoding: BodyDecoding | None = None
        # Pieces are looked at, and decoded from the first on that is more than ASCII.
        self._text = False
        # Never raised itself: see `afresh`.
        self._error: Exception | None = None
        # The connection died before it carried a byte of this response.
        self._stale = False
        self._waiter: asyncio.Future[None] | None = None
        self._cancel_dial: Callable[[], None] | None = None

    def header(self, name: bytes) -> bytes | None:
        """The first value of a header, its name given in lower case; once the head is here."""
        named = self._named
        if named is None:
            named = self._named = dict(reversed(self.headers))
        return named.get(name)

    @property
    def at_end(self) -> bool:
        """The body was read to its clean end; the connection is in other hands."""
        if self._decoding is not None and self._decoding.pending:
            return False
        return self._complete and not self._chunks

    @property
    def complete(self) -> bool:
        """Nothing more of the body is to come."""
        return self._complete

    @property
    def buffered(self) -> int:
        """Bytes that have arrived since the last `read`, as they came over the wire."""
        return self._buffered

    async def read(self) -> bytes:
        """All of the body that has arrived and was not read yet; waits when that is nothing.

        Returns b"" at the clean end. Raises UpstreamClosed when the body was cut (after what came
        before the cut has been read), ProtocolViolation, or the error `abort` was given.
        A cancelled read loses nothing: the next one continues.
        """
        chunks = self._chunks
        while True:
            if self._decoding is not None and self._decoding.pending:
                data = self._decoded(self._decoding, b"")
            else:
                while not chunks:
                    if self._error is not None:
                        raise afresh(self._error)
                    if self._complete:
                        return self._end()
                    await self._wait()
                data = self._take()
                if self._decoding is None:
                    if not self._text or data.isascii():
                        return data
                    self._decoding = BodyDecoding(None, text=True)
                data = self._decoded(self._decoding, data)
            if data:
                return data

    def decode(self, *, text: bool) -> None:
        """From here on `read` gives the body out of its content coding, and raises for text that
        is not UTF-8. Raises `UndecodableBody`, which drops the connection."""
        coding = self.header(b"content-encoding")
        if coding is None:
            self._text = text
            return
        try:
            self._decoding = BodyDecoding(coding, text=text)
        except UndecodableBody as error:
            self.abort(afresh(error))
            raise

    async def read_all(self, limit: int, arrived: Callable[[], None] | None = None) -> bytes:
        """The rest of the body, which may have at most `limit` bytes.

        `arrived` is called for every piece of it.
        Raises as `read` does, and ResponseTooLarge, which drops the connection.
        """
        if self._complete and self._decoding is None and self._error is None:
            # All of it came with the head.
            data = self._take()
            if arrived is not None:
                arrived()
            if len(data) <= limit and (not self._text or data.isascii()):
                return data
            self._chunks.append(data)
        parts = []
        size = 0
        while data := await self.read():
            if arrived is not None:
                arrived()
            size += len(data)
            if size > limit:
                error = ResponseTooLarge(f"The response is larger than {limit} bytes.")
                self.abort(error)
                raise afresh(error)
            parts.append(data)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def abort(self, error: Exception | None = None) -> None:
        """Drop the connection now and discard what was not read.

        A pending `send` or `read`, and every later one, raises `error` (UpstreamClosed when None).
        The first error stays. Does nothing once the body was read to its end.
        """
        if self._error is None:
            if self.at_end:
                return
            self._error = error or UpstreamClosed("The request was aborted.")
        self._chunks.clear()
        self._decoding = None
        self._stale = False
        source, self._source = self._source, None
        if source is not None:
            source.drop()
        if self._cancel_dial is not None:
            self._cancel_dial()
        self.wake()

    # What the client and its connections say

    def raise_if_aborted(self) -> None:
        if self._error is not None:
            raise afresh(self._error) from None

    @property
    def stale(self) -> bool:
        """The connection died before it carried a byte of this response."""
        return self._stale

    def attach(self, source: Source) -> None:
        """The exchange runs over this connection from here on."""
        self._source = source

    async def head(self) -> None:
        """Wait until the head of the final response is here. Raises as `read` does."""
        while not self.status and self._error is None:
            await self._wait()
        if self._error is not None:
            raise afresh(self._error)

    def arrived(self, parts: list[bytes], size: int) -> bool:
        """Take parts of the body; says whether so much waits that reading should pause."""
        self._chunks.extend(parts)
        self._buffered += size
        return self._buffered > MAX_BUFFERED

    def ended(self) -> None:
        """The body is whole."""
        self._complete = True
        self._source = None
        self.wake()

    def failed(self, error: Exception, *, stale: bool = False) -> None:
        """Nothing more comes. What came before is still read first."""
        self._source = None
        self._stale = stale
        self._error = error
        self.wake()

    def refused(self, error: Exception) -> None:
        """What came makes no sense: nothing of it is to be read."""
        self._chunks.clear()
        self.failed(error)

    def restart(self) -> None:
        """The request goes out again."""
        self.resent = True
        self._error = None

    def dialing(self, cancel: Callable[[], None] | None) -> None:
        """While a new connection is made for it, aborting the reply calls `cancel`."""
        self._cancel_dial = cancel

    def _take(self) -> bytes:
        chunks = self._chunks
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self._buffered = 0
        source = self._source
        if source is not None and source.reading_paused:
            source.resume_reading()
        return data

    def _decoded(self, decoding: BodyDecoding, data: bytes) -> bytes:
        try:
            return decoding.feed(data)
        except UndecodableBody as error:
            self._error, self._decoding = afresh(error), None
            self._chunks.clear()
            source, self._source = self._source, None
            if source is not None:
                source.drop()
            raise

    def _end(self) -> bytes:
        if self._decoding is not None:
            decoding, self._decoding = self._decoding, None
            try:
                decoding.end()
            except UndecodableBody as error:
                self._error = afresh(error)
                raise
        return b""

    def wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)

    async def _wait(self) -> None:
        if self._waiter is not None:
            raise RuntimeError("Two tasks read the same reply.")
        waiter = self._waiter = self._loop.create_future()
        try:
            await waiter
        finally:
            self._waiter = None
