"""Whoever keeps a connection open without a request is let go, and costs little until then."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gateway.server.head_rules import HEAD_BYTES
from gateway.server.uvicorn_http import MOST_SURPLUS, Protocol
from tests.gateway.server.serving import answering, get, served

BRIEF = 0.2
SOON = 10.0


class Brief(Protocol):
    """With little patience."""

    silent_seconds = head_seconds = unread_seconds = BRIEF


@pytest.fixture
async def port() -> AsyncIterator[int]:
    async with served(answering(b"hello"), Brief) as found:
        yield found


async def until_closed(port: int, *pieces: bytes, pause: float = 0.05) -> bytes:
    """What came until the server closed, while `pieces` were sent one after the other."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    async def sending() -> None:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause)

    task = asyncio.create_task(sending())
    try:
        return await asyncio.wait_for(reader.read(), SOON)
    except ConnectionError:
        return b"reset"
    finally:
        task.cancel()
        writer.close()


async def test_a_caller_who_says_nothing_is_let_go(port: int) -> None:
    assert await until_closed(port) == b""


async def test_a_head_that_comes_bit_by_bit_is_not_waited_for(port: int) -> None:
    """Each byte in time, the whole of it never."""
    answer = await until_closed(port, *(b"x" for _ in b"GET"), *([b"GET / HTTP/1.1\r\nx: "] * 200))
    assert answer.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 408 "))
    slow = await until_closed(port, b"GET / HTTP/1.1\r\nhost: x\r\nx: ", *([b"y"] * 200))
    assert slow.startswith(b"HTTP/1.1 408 ")


async def test_line_ends_are_no_request(port: int) -> None:
    """They come before a request line by HTTP's leave, and keep nobody's connection open."""
    assert await until_closed(port, *([b"\r\n"] * 200)) == b""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(get())
    assert await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), SOON)
    writer.close()


@pytest.mark.parametrize(
    "endless",
    [b"GET /" + b"x" * 1000, b"GET / HTTP/1.1\r\nx: " + b"x" * 1000, b"GET / HTTP/1.1\r\n"],
    ids=["path", "value", "fields"],
)
async def test_an_endless_head_is_cut_off(port: int, endless: bytes) -> None:
    """Refused with little more taken than the bound."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    more = b"a: b\r\n" * 1000 if endless.endswith(b"\n") else b"x" * 6000
    writer.write(endless)
    sent = 0
    try:
        while sent < 64 * HEAD_BYTES and not reader.at_eof():
            writer.write(more)
            sent += len(more)
            await asyncio.wait_for(writer.drain(), SOON)
            await asyncio.sleep(0.001)
        answer = await asyncio.wait_for(reader.read(), SOON)
        assert answer.startswith(b"HTTP/1.1 431 ")
    except ConnectionError:
        pass
    assert sent < 32 * HEAD_BYTES
    writer.close()


async def test_endless_trailers_are_cut_off() -> None:
    """And endless words beside a chunk's length: what is no body is bounded behind the head too."""
    waiting = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        while (message := await receive())["type"] == "http.request":
            assert message["more_body"]
        waiting.set()

    head = b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    async with served(app, Brief) as port:
        for rest in (b"0\r\nx: ", b"5;x="):
            waiting.clear()
            answer = await until_closed(port, head, rest, *([b"x" * 60_000] * 50), pause=0.01)
            assert not answer.startswith(b"HTTP/1.1 200")
            await asyncio.wait_for(waiting.wait(), SOON)


async def test_who_does_not_read_an_answer_is_let_go() -> None:
    """It is complete and waits in memory, on a connection that is kept and on one that is not."""
    big = b"x" * (16 << 20)
    left: list[float] = []

    class Watched(Brief):
        def connection_lost(self, exc: Exception | None) -> None:
            left.append(time.monotonic())
            super().connection_lost(exc)

    for lines in ((), ("connection: close",)):
        async with served(answering(big), Watched, timeout_keep_alive=0.2) as port:
            _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
            writer.write(get(*lines))
            began = time.monotonic()
            while not left:
                assert time.monotonic() - began < SOON
                await asyncio.sleep(0.02)
            left.clear()
            writer.close()


async def test_who_reads_slowly_gets_all_of_it() -> None:
    """Complete here long before it is there."""
    big = b"x" * (8 << 20)
    async with served(answering(big), Brief, timeout_keep_alive=0.2) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 19)
        writer.write(get("connection: close"))
        read = 0
        while piece := await asyncio.wait_for(reader.read(1 << 20), SOON):
            read += len(piece)
            await asyncio.sleep(0.06)
        assert read > len(big)
        writer.close()


async def test_a_running_request_is_not_disturbed() -> None:
    """However long it takes, and whatever of the next one is there already."""
    gate = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await gate.wait()
        await answering(b"late")(scope, receive, send)

    async with served(app, Brief) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get() + b"GET / HT")
        await asyncio.sleep(3 * BRIEF)
        gate.set()
        answer = await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), SOON)
        assert answer.endswith(b"late\r\n0\r\n\r\n")
        assert (await asyncio.wait_for(reader.read(), SOON)).startswith(b"HTTP/1.1 408 ")
        writer.close()


class Few(Protocol):
    most_connections = 3
    silent_seconds = 30.0


async def ask(port: int, path: str) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
        return await asyncio.wait_for(reader.read(), SOON)
    finally:
        writer.close()


async def test_past_the_cap_new_callers_are_told_and_health_still_answers() -> None:
    async with served(answering(b"hello"), Few) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        refused = await ask(port, "/v1/models")
        assert refused.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: 1\r\n" in refused
        assert b'"overloaded"' in refused
        assert (await ask(port, "/livez")).startswith(b"HTTP/1.1 200 ")
        # Those who were there first go on.
        reader, writer = held[0]
        writer.write(get())
        assert await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), SOON)
        for _, writer in held:
            writer.close()
        await asyncio.sleep(0.05)
        assert (await ask(port, "/v1/models")).startswith(b"HTTP/1.1 200 ")


async def test_far_past_the_cap_connections_are_not_even_kept() -> None:
    async with served(answering(b"hello"), Few) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(MOST_SURPLUS + 30)]
        await asyncio.sleep(0.1)
        open_now = [reader for reader, _ in held if not reader.at_eof()]
        assert len(open_now) <= 3 + MOST_SURPLUS
        for _, writer in held:
            writer.close()


async def test_idle_connections_give_way_to_new_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.server.uvicorn_http.SHED_IDLE", 0.05)
    async with served(answering(b"hello"), Few) as port:
        for _ in range(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(get())
            await asyncio.wait_for(reader.readuntil(b"0\r\n\r\n"), SOON)
        await asyncio.sleep(0.2)
        await ask(port, "/")
        assert (await ask(port, "/")).startswith(b"HTTP/1.1 200 ")
