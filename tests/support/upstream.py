"""A provider on loopback that answers what a test scripts and records what it was asked.

It runs on a thread of its own, so that synchronous SDKs can be driven against a gateway that calls
it. Replies are given per request, in order; the last one serves all that follow.
"""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True)
class Json:
    """A whole answer."""

    body: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds before the head is sent."""


@dataclass(frozen=True)
class Sse:
    """A stream of events, each sent as it stands."""

    events: Iterable[bytes]
    pause: float = 0.0
    """Seconds between events."""
    delay: float = 0.0
    """Seconds after the head, before the first event."""
    then: str = "end"
    """`end`, `cut` (the connection breaks off), or `hang` (silence for ever)."""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "text/event-stream"


@dataclass(frozen=True)
class Hang:
    """Never answers."""


@dataclass(frozen=True)
class Cut:
    """Closes the connection without a word."""


Reply = Json | Sse | Hang | Cut


@dataclass
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    raw: bytes
    at: float
    left_at: float | None = None
    """Monotonic seconds when the client was seen to leave before the answer ended."""
    finished: bool = False

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


class Upstream:
    """`with Upstream(reply, ...) as upstream:` serves on `upstream.base_url`."""

    def __init__(self, *replies: Reply | Callable[[Asked], Reply], uds: Path | None = None) -> None:
        self.uds = uds
        self.replies: list[Reply | Callable[[Asked], Reply]] = list(replies)
        """What is callable chooses by what was asked."""
        self.asked: list[Asked] = []
        self.port = 0
        self._served = 0
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._main, daemon=True)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(5)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(5)

    def _main(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._end = asyncio.Event()
        tasks: set[asyncio.Task[None]] = set()

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(self._connection(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        if self.uds is not None:
            server = await asyncio.start_unix_server(accept, self.uds, backlog=512)
        else:
            server = await asyncio.start_server(accept, "127.0.0.1", 0, backlog=512)
            self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await self._end.wait()
        server.close()
        for task in tuple(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def chosen(self, asked: Asked) -> Reply:
        """What is answered to a request."""
        reply = self.replies[min(self._served, len(self.replies) - 1)]
        self._served += 1
        return reply(asked) if callable(reply) else reply

    async def _connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                asked = await self._read(reader)
                self.asked.append(asked)
                if not await self._reply(self.chosen(asked), asked, reader, writer):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> Asked:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        line, *lines = head.split("\r\n")
        method, path, _ = line.split(" ")
        headers = {
            name.lower(): value.strip()
            for name, _, value in (text.partition(":") for text in lines if text)
        }
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        return Asked(method, path, headers, body, time.monotonic())

    async def _reply(
        self,
        reply: Reply,
        asked: Asked,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> bool:
        """Whether the connection can serve another request."""
        if isinstance(reply, Cut):
            return False
        work = asyncio.create_task(self._write(reply, writer))
        leaving = asyncio.create_task(reader.read(1))
        await asyncio.wait({work, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if not work.done() or isinstance(work.exception(), ConnectionError):
            asked.left_at = time.monotonic()
            work.cancel()
            await asyncio.gather(work, leaving, return_exceptions=True)
            return False
        asked.finished = True
        if leaving.done():
            return False
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
        return work.result()

    async def _write(self, reply: Reply, writer: asyncio.StreamWriter) -> bool:
        if isinstance(reply, Hang | Cut):
            await asyncio.Event().wait()
            return False
        if isinstance(reply, Json):
            await asyncio.sleep(reply.delay)
            body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
            writer.write(_head(reply.status, "application/json", reply.headers, len(body)) + body)
            await writer.drain()
            return True
        writer.write(_head(reply.status, reply.media_type, reply.headers, None))
        await writer.drain()
        await asyncio.sleep(reply.delay)
        for event in reply.events:
            writer.write(b"%x\r\n%b\r\n" % (len(event), event))
            await writer.drain()
            if reply.pause:
                await asyncio.sleep(reply.pause)
        if reply.then == "hang":
            await asyncio.Event().wait()
        if reply.then == "cut":
            writer.transport.abort()
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


def _head(status: int, kind: str, headers: Mapping[str, str], length: int | None) -> bytes:
    lines = [f"HTTP/1.1 {status} Scripted"]
    lines += [f"{name}: {value}" for name, value in {"content-type": kind, **headers}.items()]
    lines.append("transfer-encoding: chunked" if length is None else f"content-length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
