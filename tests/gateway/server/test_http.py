"""HTTP as callers see it, with our protocol and with Uvicorn's own."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.server.protocol import STOCK
from gateway.server.uvicorn_http import Protocol
from tests.gateway.server.serving import answering, exchange, get, served


@pytest.fixture(params=[Protocol, STOCK], ids=["fast", "stock"])
def http(request: pytest.FixtureRequest) -> Any:
    return request.param


async def test_a_large_body_follows_its_head(http: Any) -> None:
    body = b"x" * 500_000
    sized = [(b"content-length", b"500000")]
    async with served(answering(body, headers=sized), http) as port:
        pieces = await exchange(port, get("connection: close"))
    assert b"".join(pieces).partition(b"\r\n\r\n")[2] == body


@pytest.mark.parametrize(
    ("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)], ids=["head", "204", "304"]
)
async def test_answers_without_a_body(http: Any, method: str, status: int) -> None:
    """No body, no chunks; the next request on the connection is understood."""
    async with served(answering(b"", status=status), http) as port:
        twice = get(method=method) + get("connection: close", method=method)
        answer = b"".join(await exchange(port, twice))
    assert answer.count(f"HTTP/1.1 {status} ".encode()) == 2
    assert b"transfer-encoding" not in answer
    assert answer.endswith(b"\r\n\r\n")


async def test_pipelined_requests_are_answered_in_order(http: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        name = scope["path"].encode()
        await asyncio.sleep(0.02 if name == b"/1" else 0)
        await answering(name, headers=[(b"content-length", b"2")])(scope, receive, send)

    request = b"".join(b"GET /%d HTTP/1.1\r\nhost: x\r\n\r\n" % n for n in (1, 2))
    request += b"GET /3 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
    async with served(app, http) as port:
        answer = b"".join(await exchange(port, request))
    assert [answer.find(b"/%d" % n) > 0 for n in (1, 2, 3)] == [True] * 3
    assert answer.find(b"/1") < answer.find(b"/2") < answer.find(b"/3")


@pytest.mark.parametrize(
    "request_", [get("connection: close"), get(version="1.0")], ids=["close", "1.0"]
)
async def test_a_caller_who_wants_no_more_is_told_and_closed(http: Any, request_: bytes) -> None:
    sized = [(b"content-length", b"2")]
    async with served(answering(b"ok", headers=sized), http) as port:
        answer = b"".join(await exchange(port, request_))
    assert answer.count(b"connection: close\r\n") == 1
    assert answer.endswith(b"ok")


async def test_the_application_may_close(http: Any) -> None:
    closing = [(b"content-length", b"2"), (b"connection", b"close")]
    async with served(answering(b"ok", headers=closing), http) as port:
        answer = b"".join(await exchange(port, get()))
    assert answer.count(b"connection: close") == 1


async def test_an_idle_connection_is_closed_and_a_used_one_is_not(http: Any) -> None:
    """The time counts from the last answer, though the timer runs on through requests."""
    sized = [(b"content-length", b"2")]
    loop = asyncio.get_running_loop()
    async with served(answering(b"ok", headers=sized), http, timeout_keep_alive=0.6) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(get())
            assert (await asyncio.wait_for(reader.read(4096), 5)).endswith(b"ok")
            await asyncio.sleep(0.35)
        last = loop.time() - 0.35
        assert await asyncio.wait_for(reader.read(), 10) == b""
        assert loop.time() - last > 0.55
        writer.close()


async def test_a_long_request_is_not_taken_for_idle(http: Any) -> None:
    async def slow(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/":
            await asyncio.sleep(0.9)
        await answering(b"ok", headers=[(b"content-length", b"2")])(scope, receive, send)

    async with served(slow, http, timeout_keep_alive=0.6) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET /first HTTP/1.1\r\nhost: x\r\n\r\n")
        await reader.read(4096)
        writer.write(get())
        assert (await asyncio.wait_for(reader.read(4096), 10)).endswith(b"ok")
        writer.close()


@pytest.mark.parametrize("announced", [b"1", b"9"], ids=["longer", "shorter"])
async def test_a_body_of_another_length_than_announced_ends_the_connection(
    http: Any,
    announced: bytes,
) -> None:
    """A caller must not take the next answer's bytes for this one's."""
    headers = [(b"content-length", announced)]
    async with served(answering(b"four", headers=headers), http) as port:
        answer = b"".join(await exchange(port, get()))
    assert not answer.endswith(b"four") or announced == b"9"


async def test_100_continue(http: Any) -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        body = (await receive())["body"]
        await answering(body, headers=[(b"content-length", b"%d" % len(body))])(
            scope, receive, send
        )

    async with served(app, http) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(get("expect: 100-continue", "content-length: 4", method="POST"))
        assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"body")
        assert (await reader.read(4096)).endswith(b"\r\n\r\nbody")
        writer.close()
