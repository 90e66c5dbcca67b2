"""Our way out of Uvicorn: HTTP stays HTTP, with one write where there were two."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from gateway.server.uvicorn_http import Protocol

App = Callable[[Any, Any, Any], Awaitable[None]]
PLAIN = [(b"content-type", b"text/plain")]


@asynccontextmanager
async def served(app: App, **options: Any) -> AsyncIterator[int]:
    """The app under Uvicorn with our protocol; gives the port."""
    config = uvicorn.Config(
        app, http=Protocol, port=0, lifespan="off", log_level="critical", **options
    )
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


async def exchange(port: int, request: bytes, *, reads: int | None = None) -> list[bytes]:
    """What the server sends, read by read, until it closes or `reads` pieces came."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    pieces: list[bytes] = []
    while reads is None or len(pieces) < reads:
        piece = await asyncio.wait_for(reader.read(1 << 20), 10)
        if not piece:
            break
        pieces.append(piece)
    writer.close()
    return pieces


def get(*lines: str, method: str = "GET", version: str = "1.1") -> bytes:
    head = [f"{method} / HTTP/{version}", "host: x", *lines]
    return "\r\n".join([*head, "", ""]).encode()


def answering(
    *bodies: bytes,
    status: int = 200,
    headers: list[tuple[bytes, bytes]] = PLAIN,
    between: Callable[[], Awaitable[None]] | None = None,
) -> App:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": status, "headers": headers})
        for number, body in enumerate(bodies):
            if between is not None:
                await between()
            more = number + 1 < len(bodies)
            await send({"type": "http.response.body", "body": body, "more_body": more})

    return app


async def test_a_whole_answer_is_one_write() -> None:
    """Head and body come in one piece, so they left in one."""
    sized = [*PLAIN, (b"content-length", b"5")]
    async with served(answering(b"hello", headers=sized)) as port:
        (piece,) = await exchange(port, get(), reads=1)
    head, _, body = piece.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"content-length: 5" in head
    assert b"\r\ndate: " in head
    assert b"transfer-encoding" not in head
    assert body == b"hello"


async def test_names_of_headers_are_understood_however_they_are_written() -> None:
    """Django's are capitalised; a second length or framing would be taken for smuggling."""
    written = [(b"Content-Length", b"5"), (b"Connection", b"Close")]
    async with served(answering(b"hello", headers=written)) as port:
        answer = b"".join(await exchange(port, get()))
    assert answer.lower().count(b"content-length: 5\r\n") == 1
    assert answer.lower().count(b"connection: close\r\n") == 1
    assert b"transfer-encoding" not in answer
    assert answer.endswith(b"\r\n\r\nhello")


async def test_a_stream_is_chunked_and_its_head_comes_with_its_first_piece() -> None:
    async def pause() -> None:
        await asyncio.sleep(0.03)

    async with served(answering(b"one", b"", b"two", b"", between=pause)) as port:
        pieces = await exchange(port, get("connection: close"))
    assert pieces[0].endswith(b"transfer-encoding: chunked\r\n\r\n3\r\none\r\n")
    assert b"".join(pieces[1:]) == b"3\r\ntwo\r\n0\r\n\r\n"


async def test_an_empty_first_piece_sends_the_head() -> None:
    """An application that wants its head out early can say so."""
    gate = asyncio.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        await gate.wait()
        await send({"type": "http.response.body", "body": b"late"})

    async with served(app) as port:
        (piece,) = await exchange(port, get(), reads=1)
        gate.set()
    assert piece.endswith(b"\r\n\r\n")


async def test_a_large_body_follows_its_head() -> None:
    body = b"x" * 500_000
    sized = [(b"content-length", b"500000")]
    async with served(answering(body, headers=sized)) as port:
        pieces = await exchange(port, get("connection: close"))
    assert b"".join(pieces).partition(b"\r\n\r\n")[2] == body


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)], ids=["head", "204", "304"]
)
async def test_answers_without_a_body(method: str, status: int) -> None:
    """No body, no chunks; the next request on the connection is understood."""
    async with served(answering(b"", status=status)) as port:
        twice = get(method=method) + get("connection: close", method=method)
        answer = b"".join(await exchange(port, twice))
    assert answer.count(f"HTTP/1.1 {status} ".encode()) == 2
    assert b"transfer-encoding" not in answer
    assert answer.endswith(b"\r\n\r\n")


async def test_pipelined_requests_are_answered_in_order() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        name = scope["path"].encode()
        await asyncio.sleep(0.02 if name == b"/1" else 0)
        await answering(name, headers=[(b"content-length", b"2")])(scope, receive, send)

    request = b"".join(b"GET /%d HTTP/1.1\r\nhost: x\r\n\r\n" % n for n in (1, 2))
    request += b"GET /3 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    async with served(app) as port:
        answer = b"".join(await exchange(port, request))
    assert [answer.find(b"/%d" % n) > 0 for n in (1, 2, 3)] == [True] * 3
    assert answer.find(b"/1") < answer.find(b"/2") < answer.find(b"/3")


@pytest.mark.parametrize(
    "request_", [get("connection: close"), get(version="1.0")], ids=["close", "1.0"]
)
async def test_a_caller_who_wants_no_more_is_told_and_closed(request_: bytes) -> None:
    sized = [(b"content-length", b"2")]
    async with served(answering(b"ok", headers=sized)) as port:
        answer = b"".join(await exchange(port, request_))
    assert answer.count(b"connection: close\r\n") == 1
    assert answer.endswith(b"ok")


async def test_the_application_may_close() -> None:
    closing = [(b"content-length", b"2"), (b"connection", b"close")]
    async with served(answering(b"ok", headers=closing)) as port:
        answer = b"".join(await exchange(port, get()))
    assert answer.count(b"connection: close") == 1


async def test_an_idle_connection_is_closed_and_a_used_one_is_not() -> None:
    """The time counts from the last answer, though the timer runs on through requests."""
    sized = [(b"content-length", b"2")]
    loop = asyncio.get_running_loop()
    async with served(answering(b"ok", headers=sized), timeout_keep_alive=0.6) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(get())
            assert (await asyncio.wait_for(reader.read(4096), 5)).endswith(b"ok")
            await asyncio.sleep(0.35)
        last = loop.time() - 0.35
        assert await asyncio.wait_for(reader.read(), 10) == b""
        assert loop.time() - last > 0.55
        writer.close()


async def test_a_long_request_is_not_taken_for_idle() -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/":
            await asyncio.sleep(0.9)
        await answering(b"ok", headers=[(b"content-length", b"2")])(scope, receive, send)

    async with served(slow, timeout_keep_alive=0.6) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /first HTTP/1.1\r\nhost: x\r\n\r\n")
        await reader.read(4096)
        writer.write(get())
        assert (await asyncio.wait_for(reader.read(4096), 10)).endswith(b"ok")
        writer.close()


@pytest.mark.parametrize(
    "header",
    [(b"x-bad", b"a\r\nset-cookie: b"), (b"x bad", b"a"), (b"x-bad", b"a\0")],
    ids=["line", "name", "nul"],
)
async def test_a_header_cannot_break_out(header: tuple[bytes, bytes]) -> None:
    async with served(answering(b"ok", headers=[header])) as port:
        answer = b"".join(await exchange(port, get()))
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"set-cookie" not in answer


@pytest.mark.parametrize("announced", [b"1", b"9"], ids=["longer", "shorter"])
async def test_a_body_of_another_length_than_announced_ends_the_connection(
    announced: bytes,
) -> None:
    """A caller must not take the next answer's bytes for this one's."""
    headers = [(b"content-length", announced)]
    async with served(answering(b"four", headers=headers)) as port:
        answer = b"".join(await exchange(port, get()))
    assert not answer.endswith(b"four") or announced == b"9"


async def test_100_continue() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        await answering(body, headers=[(b"content-length", b"%d" % len(body))])(
            scope, receive, send
        )

    async with served(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get("expect: 100-continue", "content-length: 4", method="POST"))
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"body")
        assert (await reader.read(4096)).endswith(b"\r\n\r\nbody")
        writer.close()


async def test_events_out_of_order_are_refused() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.body", "body": b"early"})

    async with served(app) as port:
        answer = b"".join(await exchange(port, get()))
    assert answer.startswith(b"HTTP/1.1 500 ")
