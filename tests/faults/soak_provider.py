"""A quick provider of many moods, in a process of its own: the path of its base URL says which.

`good` answers, streamed or whole; `refuses` says 500; `closes` ends the connection when it has the
request, `cuts` in its stream, and `endless` goes on until the caller leaves.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Final, Self

from tests.support import openai_shapes as shapes
from tests.support.installation import ROOT

MOODS: Final = ("good", "refuses", "closes", "cuts", "endless")
_PIECE: Final = 1024 * 1024
_HEAD: Final = b"HTTP/1.1 %d Told\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
_STREAM: Final = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
)
_WHOLE: Final = json.dumps(shapes.completion("some words of an answer")).encode()
_ERROR: Final = json.dumps(shapes.error("no")).encode()
_EVENTS: Final = [b"%x\r\n%b\r\n" % (len(one), one) for one in shapes.stream("some ", "words")]


class SoakProvider:
    """`with SoakProvider() as provider:`; `provider.url("good")` is an OpenAI base URL."""

    _port = 0

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.faults.soak_provider"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)

    def url(self, mood: str) -> str:
        return f"http://127.0.0.1:{self._port}/{mood}/v1"


async def _serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            mood = head.split(b"/", 2)[1].decode()
            left = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
            said = b""
            while left:
                piece = await reader.read(min(left, _PIECE))
                if not piece:
                    return
                left -= len(piece)
                said = said[-64:] + piece
            if not await _answer(mood, b'"stream":true' in said.replace(b" ", b""), writer):
                return
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _answer(mood: str, stream: bool, writer: asyncio.StreamWriter) -> bool:
    """Whether the connection can serve another request."""
    if mood == "closes":
        return False
    if mood == "refuses":
        writer.write(_HEAD % (500, len(_ERROR), _ERROR))
    elif not stream:
        writer.write(_HEAD % (200, len(_WHOLE), _WHOLE))
    else:
        writer.write(_STREAM)
        if mood == "cuts":
            writer.write(b"".join(_EVENTS[:2]))
            await writer.drain()
            return False
        while mood == "endless":
            writer.write(_EVENTS[1])
            await writer.drain()
            await asyncio.sleep(0.02)
        writer.write(b"".join(_EVENTS) + b"0\r\n\r\n")
    await writer.drain()
    return True


async def _serve() -> None:
    server = await asyncio.start_server(_serve_one, "127.0.0.1", 0, limit=_PIECE, backlog=512)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
