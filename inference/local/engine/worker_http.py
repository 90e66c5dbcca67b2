"""HTTP/1.1 to a worker, over its Unix socket, with connections kept alive."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from types import TracebackType

import httptools

Headers = Sequence[tuple[bytes, bytes]]

_READ_BYTES = 65_536
_CONNECT_PATIENCE_S = 5.0
_MAX_IDLE = 32


class WorkerGone(Exception):
    """The connection ended before the answer did."""


class WorkerUnreachable(WorkerGone):
    """The request never reached the worker: it may be sent again without harm."""


class _Connection:
    """One connection, one parser; httptools calls the `on_*` methods."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._parser = httptools.HttpResponseParser(self)
        self._pieces: list[bytes] = []
        self.headers: list[tuple[bytes, bytes]] = []
        self.status = 0
        self.heard_nothing = True
        self.head_complete = False
        self.complete = False
        self.keep_alive = False

    def on_message_begin(self) -> None:
        self.headers = []

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self.head_complete = self.status >= 200
        # Asked any later, the parser says no.
        self.keep_alive = self._parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        self._pieces.append(body)

    def on_message_complete(self) -> None:
        self.complete = self.head_complete

    @property
    def usable(self) -> bool:
        return not self._reader.at_eof() and not self._writer.is_closing()

    async def request(self, method: bytes, path: bytes, headers: Headers, body: bytes) -> None:
        """Send, and wait for the head of the answer."""
        self.heard_nothing, self.head_complete, self.complete = True, False, False
        self._pieces.clear()
        lines = [method, b" ", path, b" HTTP/1.1\r\nhost: worker\r\n"]
        for name, value in headers:
            lines += [name, b": ", value, b"\r\n"]
        lines += [b"content-length: ", str(len(body)).encode(), b"\r\n\r\n", body]
        try:
            self._writer.write(b"".join(lines))
            await self._writer.drain()
        except OSError as error:
            raise WorkerUnreachable(str(error)) from error
        while not self.head_complete:
            await self._receive()

    async def pieces(self) -> AsyncIterator[bytes]:
        """The body as it arrives. While nobody asks for more, the worker is not read from."""
        while True:
            if self._pieces:
                pieces, self._pieces = self._pieces, []
                yield b"".join(pieces)
            elif self.complete:
                return
            else:
                await self._receive()

    async def _receive(self) -> None:
        try:
            data = await self._reader.read(_READ_BYTES)
            if not data:
                raise WorkerGone("The connection was closed before the answer was complete.")
            self.heard_nothing = False
            self._parser.feed_data(data)
        except OSError as error:
            # A Unix socket breaks with an error, rather than an end of file, when the other side
            # was gone before it had read everything.
            gone = WorkerUnreachable if self.heard_nothing else WorkerGone
            raise gone(str(error)) from error
        except httptools.HttpParserError as error:
            raise WorkerGone(str(error)) from error

    def abort(self) -> None:
        """Close at once: for the worker this is the sign to cancel the request."""
        self._writer.transport.abort()


class WorkerResponse:
    """An answer whose body is still to come. Leaving the block early cancels the request."""

    def __init__(self, pool: "WorkerPool", connection: _Connection) -> None:
        self._pool = pool
        self._connection = connection
        self.status = connection.status
        self.headers = connection.headers

    def header(self, name: bytes) -> bytes:
        return next((value for key, value in self.headers if key == name), b"")

    def pieces(self) -> AsyncIterator[bytes]:
        """Raises WorkerGone when the body breaks off."""
        return self._connection.pieces()

    async def read(self) -> bytes:
        return b"".join([piece async for piece in self.pieces()])

    async def __aenter__(self) -> "WorkerResponse":
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.give_back(self._connection)


class WorkerPool:
    """The connections to one worker process: as many as there are requests, idle ones kept."""

    def __init__(self, socket_path: str) -> None:
        self._path = socket_path
        self._idle: list[_Connection] = []
        self._closed = False

    async def send(
        self, method: bytes, path: bytes, headers: Headers = (), body: bytes = b""
    ) -> WorkerResponse:
        """Raises WorkerUnreachable if nothing was sent, WorkerGone if no answer came."""
        while self._idle:
            connection = self._idle.pop()
            if not connection.usable:
                connection.abort()
                continue
            try:
                return await self._exchange(connection, method, path, headers, body)
            except WorkerUnreachable:
                break
            except WorkerGone:
                if not connection.heard_nothing:
                    raise
                # Either the worker closed an idle connection just then, and takes a new one, or
                # this very request was its death: then there is nothing left to connect to.
                with suppress(WorkerUnreachable):
                    return await self._exchange(await self._connect(), method, path, headers, body)
                raise
        connection = await self._connect()
        return await self._exchange(connection, method, path, headers, body)

    async def _exchange(
        self, connection: _Connection, method: bytes, path: bytes, headers: Headers, body: bytes
    ) -> WorkerResponse:
        try:
            await connection.request(method, path, headers, body)
        except BaseException:
            connection.abort()
            raise
        return WorkerResponse(self, connection)

    async def _connect(self) -> _Connection:
        if self._closed:
            raise WorkerUnreachable("The worker has ended.")
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.setblocking(False)
        try:
            async with asyncio.timeout(_CONNECT_PATIENCE_S):
                # A full backlog shows as EAGAIN on Unix sockets, and only trying again helps.
                while True:
                    try:
                        sock.connect(self._path)
                        break
                    except BlockingIOError:
                        await asyncio.sleep(0.01)
            return _Connection(*await asyncio.open_unix_connection(sock=sock))
        except (OSError, TimeoutError) as error:
            sock.close()
            raise WorkerUnreachable(str(error)) from error

    def give_back(self, connection: _Connection) -> None:
        """Keep a connection whose answer was read to its end; abort any other."""
        reusable = connection.complete and connection.keep_alive and connection.usable
        if reusable and not self._closed and len(self._idle) < _MAX_IDLE:
            self._idle.append(connection)
        else:
            connection.abort()

    def close(self) -> None:
        """The worker is gone or going: keep no connection, make no new one."""
        self._closed = True
        for connection in self._idle:
            connection.abort()
        self._idle.clear()
