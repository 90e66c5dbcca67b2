"""A failed exchange leaves nothing of its request behind, even where no cycles are collected."""

from __future__ import annotations

import asyncio
import gc
import socket
import struct
from collections.abc import Iterator
from typing import Any

import pytest

from inference.upstream import Client, UpstreamError
from inference.upstream.destination import Destination
from inference.upstream.proxies import Proxies

BODY = 4 << 20
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
EVENT = b'data: {"choices":[{"index":0,"delta":{"content":"Hi"}}]}\n\n'
FAULTS = {
    "at once": b"",
    "in the head": HEAD[:40],
    "after the head": HEAD,
    "in the stream": HEAD + b"%x\r\n%b\r\n" % (len(EVENT), EVENT),
    "nonsense": b"HELLO\r\n\r\n",
    "coding": HEAD[:-2] + b"content-encoding: gzip\r\n\r\n4\r\nabcd\r\n",
    "unknown coding": HEAD[:-2] + b"content-encoding: x\r\n\r\n4\r\nabcd\r\n",
}


@pytest.fixture
def no_collector() -> Iterator[None]:
    """A process that serves collects its oldest generation once in a long while."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def upstream(said: bytes, *, reset: bool) -> asyncio.Server:
    """Reads a request whole, says so much, and closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        left = BODY
        while left > 0:
            left -= len(await reader.read(1 << 20))
        writer.write(said)
        if reset:
            sock = writer.get_extra_info("socket")
            await asyncio.sleep(0.005)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.close()

    return await asyncio.start_server(serve, "127.0.0.1", 0, limit=1 << 22)


class Marked:
    """Lives as long as the frame that holds it."""

    alive = 0

    def __init__(self) -> None:
        Marked.alive += 1

    def __del__(self) -> None:
        Marked.alive -= 1


async def exchange(client: Client, destination: Destination, body: bytes) -> None:
    mark = Marked()
    reply = await client.send(
        destination, b"POST", b"/", b"", body, connect_timeout=5, on_start=None
    )
    reply.decode(text=True)
    await reply.read_all(1 << 20)
    del mark


@pytest.mark.parametrize("reset", [False, True], ids=["closed", "reset"])
@pytest.mark.parametrize("fault", FAULTS)
async def test_no_frame_of_a_failed_exchange_stays(
    no_collector: Any, fault: str, reset: bool
) -> None:
    server = await upstream(FAULTS[fault], reset=reset)
    port = server.sockets[0].getsockname()[1]
    destination, _ = Destination.parse(f"http://127.0.0.1:{port}")
    client = Client(proxies=Proxies())
    for _ in range(2):
        try:
            await exchange(client, destination, b"x" * BODY)
        except UpstreamError:
            pass
        else:
            raise AssertionError("It did not fail.")
    await client.aclose()
    server.close()
    assert Marked.alive == 0
