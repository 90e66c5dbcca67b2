"""A provider that takes any body and answers at once, in a process of its own."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Final, Self

from tests.support import openai_shapes as shapes
from tests.support.installation import ROOT

_PIECE: Final = 1024 * 1024


class Sink:
    """`with Sink() as provider:`; its `url` is an OpenAI base URL."""

    url = ""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.sink"], cwd=ROOT, stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}/v1"
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    answer = json.dumps(shapes.completion("x")).encode()
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
    try:
        while True:
            asked = (await reader.readuntil(b"\r\n\r\n")).lower()
            left = int(asked.partition(b"content-length:")[2].partition(b"\r\n")[0])
            while left:
                piece = await reader.read(min(left, _PIECE))
                if not piece:
                    raise ConnectionResetError
                left -= len(piece)
            writer.write(head % len(answer) + answer)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def _serve() -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0, limit=_PIECE)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
