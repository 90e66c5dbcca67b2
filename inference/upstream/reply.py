"""A response on its way in."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from inference.upstream.errors import ResponseTooLarge, UpstreamClosed

if TYPE_CHECKING:
    from inference.upstream.connection import Connection


class Reply:
    """The response to one request: its head, and its body as it arrives.

    One task at a time reads. A reply read to its end has given its connection back by itself; any
    other must be aborted. The underscored names belong to this package.
    """

    __slots__ = (
        "_buffered",
        "_cancel_dial",
        "_chunks",
        "_complete",
        "_connection",
        "_error",
        "_loop",
        "_stale",
        "_waiter",
        "headers",
        "status",
    )

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        #: 0 until the head of the final response is here.
        self.status = 0
        #: In the order they came, names lower-cased. Trailers are left out.
        self.headers: list[tuple[bytes, bytes]] = []
        self._loop = loop
        self._connection: Connection | None = None
        self._chunks: list[bytes] = []
        self._buffered = 0
        self._complete = False
        self._error: Exception | None = None
        # The connection died before it carried a byte of this response.
        self._stale = False
        self._waiter: asyncio.Future[None] | None = None
        self._cancel_dial: Callable[[], None] | None = None

    def header(self, name: bytes) -> bytes | None:
        """The first value of a header, its name given in lower case."""
        for key, value in self.headers:
            if key == name:
                return value
        return None

    @property
    def at_end(self) -> bool:
        """The body was read to its clean end; the connection is in other hands."""
        return self._complete and not self._chunks

    async def read(self) -> bytes:
        """All of the body that has arrived and was not read yet; waits when that is nothing.

        Returns b"" at the clean end. Raises UpstreamClosed when the body was cut (after what came
        before the cut has been read), ProtocolViolation, or the error `abort` was given.
        A cancelled read loses nothing: the next one continues.
        """
        chunks = self._chunks
        while not chunks:
            if self._error is not None:
                raise self._error
            if self._complete:
                return b""
            await self._wait()
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        chunks.clear()
        self._buffered = 0
        connection = self._connection
        if connection is not None and connection.reading_paused:
            connection.resume_reading()
        return data

    async def read_all(self, limit: int, arrived: Callable[[], None] | None = None) -> bytes:
        """The rest of the body, which may have at most `limit` bytes.

        `arrived` is called for every piece of it.
        Raises as `read` does, and ResponseTooLarge, which drops the connection.
        """
        parts = []
        size = 0
        while data := await self.read():
            if arrived is not None:
                arrived()
            size += len(data)
            if size > limit:
                error = ResponseTooLarge(f"The response is larger than {limit} bytes.")
                self.abort(error)
                raise error
            parts.append(data)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def abort(self, error: Exception | None = None) -> None:
        """Drop the connection now and discard what was not read.

        A pending `send` or `read`, and every later one, raises `error` (UpstreamClosed when None).
        The first error stays. Does nothing once the body was read to its end.
        """
        if self._error is None:
            if self._complete and not self._chunks:
                return
            self._error = error or UpstreamClosed("The request was aborted.")
        self._chunks.clear()
        self._stale = False
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.drop()
        if self._cancel_dial is not None:
            self._cancel_dial()
        self._wake()

    async def _wait(self) -> None:
        if self._waiter is not None:
            raise RuntimeError("Two tasks read the same reply.")
        waiter = self._waiter = self._loop.create_future()
        try:
            await waiter
        finally:
            self._waiter = None

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None and not waiter.done():
            waiter.set_result(None)
