"""The mock upstream where there is no C compiler: `native/mock.c`, in lean Python.

python -m benchmarks.portable.mock ROUTES PORT
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Final, cast

import uvloop

from benchmarks import routes
from benchmarks.routes import Script

_ZONE: Final = 1024
"""Where in a body its flags stand: near either end, the messages are between."""
_ERROR: Final = b'{"error":{"message":"Overloaded","type":"server_error","code":"overloaded"}}'
_REFUSAL: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n%b" % (len(_ERROR), _ERROR)
)
_UNKNOWN: Final = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"


class Served:
    """What was served so far, as `GET /stats` tells it."""

    def __init__(self, scripts: dict[str, Script]) -> None:
        self.scripts = scripts
        self.asked = dict.fromkeys(scripts, 0)
        self.served = self.refused = self.open_streams = 0

    def stats(self) -> bytes:
        found = {
            "served": self.served,
            "refused": self.refused,
            "open_streams": self.open_streams,
        }
        body = json.dumps(found).encode()
        return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)


class Connection(asyncio.Protocol):
    """Answers one request at a time."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._held = bytearray()
        self._writable = asyncio.Event()
        self._writable.set()
        self._stream: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._stream is not None:
            self._stream.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self._held += data
        self._answer_next()

    def _answer_next(self) -> None:
        if self._stream is not None:
            return
        head_end = self._held.find(b"\r\n\r\n") + 4
        if head_end < 4:
            return
        head = bytes(self._held[:head_end])
        at = head.lower().find(b"content-length:")
        length = int(head[at + 15 : head.index(b"\r\n", at)]) if at >= 0 else 0
        if len(self._held) < head_end + length:
            return
        body = bytes(self._held[head_end : head_end + length])
        del self._held[: head_end + length]
        self._answer(head.split(b" ", 2)[1].decode(), body)

    def _answer(self, path: str, body: bytes) -> None:
        served = self._served
        if path == "/stats":
            self._transport.write(served.stats())
            return
        script = served.scripts.get(path.split("/")[1])
        if script is None:
            self._transport.write(_UNKNOWN)
            return
        served.asked[script.name] += 1
        if script.fail_every and served.asked[script.name] % script.fail_every == 0:
            served.refused += 1
            self._transport.write(_REFUSAL)
            return
        served.served += 1
        if not _holds(body, b'"stream":true'):
            self._transport.write(script.whole)
            return
        usage = _holds(body, b'"include_usage":true')
        self._stream = asyncio.create_task(self._send_stream(script, usage=usage))

    async def _send_stream(self, script: Script, *, usage: bool) -> None:
        loop = asyncio.get_running_loop()
        self._served.open_streams += 1
        due = loop.time()
        try:
            for place, frame in enumerate(script.frames):
                if place == script.usage_frame and not usage:
                    continue
                self._transport.write(frame)
                await self._writable.wait()
                # The last frame only ends the stream: no pause before it.
                if script.pause and place < len(script.frames) - 2:
                    due += script.pause
                    await asyncio.sleep(due - loop.time())
        finally:
            self._served.open_streams -= 1
            self._stream = None
        self._answer_next()


def _holds(body: bytes, flag: bytes) -> bool:
    return flag in body[:_ZONE] or flag in body[-_ZONE:]


async def _serve(path: Path, port: int) -> None:
    loop = asyncio.get_running_loop()
    served = Served(routes.read(path))
    server = await loop.create_server(
        lambda: Connection(served), "127.0.0.1", port, backlog=4096, reuse_address=True
    )
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    uvloop.run(_serve(Path(sys.argv[1]), int(sys.argv[2])))
