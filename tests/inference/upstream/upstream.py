"""A loopback upstream that does exactly what a test scripts, byte by byte."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Self

from inference.upstream import Destination


@dataclass(frozen=True)
class Request:
    """One request as it arrived. `head` is raw, without the empty line that ends it."""

    head: bytes
    body: bytes

    @property
    def line(self) -> bytes:
        return self.head.split(b"\r\n", 1)[0]

    def header(self, name: bytes) -> bytes | None:
        for line in self.head.split(b"\r\n")[1:]:
            key, _, value = line.partition(b":")
            if key.lower() == name:
                return value.strip()
        return None


class Peer:
    """The upstream's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.requests: list[Request] = []
        #: Loop time at which the client was seen to leave.
        self.left_at: float | None = None

    async def head(self) -> Request:
        """Read a request's head and leave its body unread."""
        raw = await self.reader.readuntil(b"\r\n\r\n")
        return Request(raw[:-4], b"")

    async def request(self) -> Request:
        head = await self.head()
        length = int(head.header(b"content-length") or 0)
        request = Request(head.head, await self.reader.readexactly(length))
        self.requests.append(request)
        return request

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, body: bytes = b"ok", *, extra: bytes = b"") -> None:
        length = b"content-length: %d\r\n" % len(body)
        await self.send(b"HTTP/1.1 200 OK\r\n" + length + extra + b"\r\n" + body)

    async def gone(self) -> bool:
        """Wait until the client has closed its end."""
        with contextlib.suppress(ConnectionError):
            while await self.reader.read(65536):
                pass
        self.left_at = asyncio.get_running_loop().time()
        return True

    def close(self) -> None:
        self.writer.close()

    def reset(self) -> None:
        """Close with RST instead of FIN, as a crashed host or an impatient balancer does."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()


Script = Callable[[Peer], Awaitable[None]]


async def serve_forever(peer: Peer) -> None:
    """Answer every request with `ok`."""
    while True:
        await peer.request()
        await peer.answer()


class Upstream:
    """Serves each connection by the next script; the last script serves all that follow."""

    def __init__(self, *scripts: Script, ssl_context: ssl.SSLContext | None = None) -> None:
        self.peers: list[Peer] = []
        #: What went wrong inside scripts, apart from clients that left.
        self.failures: list[BaseException] = []
        self._scripts = scripts or (serve_forever,)
        self._ssl = ssl_context
        self._tasks: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server

    @property
    def connections(self) -> int:
        return len(self.peers)

    @property
    def requests(self) -> list[Request]:
        return [request for peer in self.peers for request in peer.requests]

    @property
    def port(self) -> int:
        return int(self._server.sockets[0].getsockname()[1])

    @property
    def destination(self) -> Destination:
        return Destination("https" if self._ssl else "http", "127.0.0.1", self.port)

    async def start(self, host: str = "127.0.0.1", uds: str | None = None) -> None:
        if uds is not None:
            self._server = await asyncio.start_unix_server(self._serve, uds)
        else:
            self._server = await asyncio.start_server(self._serve, host, 0, ssl=self._ssl)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()
        assert not self.failures

    async def stop(self) -> None:
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self._scripts[min(len(self.peers), len(self._scripts) - 1)]
        peer = Peer(reader, writer)
        self.peers.append(peer)
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await script(peer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except asyncio.CancelledError:
            pass
        except BaseException as error:
            self.failures.append(error)
        finally:
            self._tasks.discard(task)
            writer.close()
