"""Our way out of Uvicorn: HTTP stays HTTP, with one write where there were two."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.server.uvicorn_http import Protocol
from tests.gateway.server.serving import PLAIN, answering, exchange, get, served


async def test_a_whole_answer_is_one_write() -> None:
    """Head and body come in one piece, so they left in one."""
    sized = [*PLAIN, (b"content-length", b"5")]
    async with served(answering(b"hello", headers=sized), Protocol) as port:
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
    async with served(answering(b"hello", headers=written), Protocol) as port:
        answer = b"".join(await exchange(port, get()))
    assert answer.lower().count(b"content-length: 5\r\n") == 1
    assert answer.lower().count(b"connection: close\r\n") == 1
    assert b"transfer-encoding" not in answer
    assert answer.endswith(b"\r\n\r\nhello")


@pytest.mark.parametrize(
    "values", [(b"close", b"x-hop"), (b"x-hop", b"close"), (b"x-hop, Close",)], ids=repr
)
async def test_any_word_that_ends_the_connection_ends_it(values: tuple[bytes, ...]) -> None:
    """A caller who was told so does not ask again on it: it would wait for nothing."""
    headers = [(b"content-length", b"5"), *((b"connection", value) for value in values)]
    async with served(answering(b"hello", headers=headers), Protocol) as port:
        answer = b"".join(await exchange(port, get() + get()))
    assert answer.count(b"HTTP/1.1 200 OK") == 1
    assert answer.endswith(b"hello")


async def test_a_stream_is_chunked_and_its_head_comes_with_its_first_piece() -> None:
    async def pause() -> None:
        await asyncio.sleep(0.03)

    async with served(answering(b"one", b"", b"two", b"", between=pause), Protocol) as port:
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

    async with served(app, Protocol) as port:
        (piece,) = await exchange(port, get(), reads=1)
        gate.set()
    assert piece.endswith(b"\r\n\r\n")


@pytest.mark.parametrize("pieces", [1, 2, 20_000])
async def test_a_body_arrives_as_it_was_sent(pieces: int) -> None:
    """Tens of thousands of pieces that come at once are put together, none is lost."""
    sent = [b"%06d" % place for place in range(pieces)]
    received: list[bytes] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        # All of what is read at once waits for this.
        await asyncio.sleep(0.05)
        more = True
        while more:
            message = await receive()
            received.append(message["body"])
            more = message["more_body"]
        await answering(b"", headers=PLAIN)(scope, receive, send)

    body = b"".join(b"6\r\n%b\r\n" % piece for piece in sent) + b"0\r\n\r\n"
    async with served(app, Protocol) as port:
        await exchange(port, get("transfer-encoding: chunked", "connection: close") + body)
    assert b"".join(received) == b"".join(sent)
    assert all(type(piece) is bytes for piece in received)


@pytest.mark.parametrize(
    "header",
    [(b"x-bad", b"a\r\nset-cookie: b"), (b"x bad", b"a"), (b"x-bad", b"a\0")],
    ids=["line", "name", "nul"],
)
async def test_a_header_cannot_break_out(header: tuple[bytes, bytes]) -> None:
    async with served(answering(b"ok", headers=[header]), Protocol) as port:
        answer = b"".join(await exchange(port, get()))
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"set-cookie" not in answer


async def test_events_out_of_order_are_refused() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.body", "body": b"early"})

    async with served(app, Protocol) as port:
        answer = b"".join(await exchange(port, get()))
    assert answer.startswith(b"HTTP/1.1 500 ")
