"""A request is refused by its head: no body is waited for, and the caller sees the answer."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import pytest

from gateway.asgi import application
from gateway.server.protocol import STOCK
from gateway.server.uvicorn_http import Protocol
from inference.edge import asgi
from tests.gateway.server.serving import served

GIB = 1 << 30
SOON = 5.0
"""Seconds on a busy machine; a server that waited for the body would take for ever."""


@pytest.fixture(params=[Protocol, STOCK], ids=["fast", "stock"])
def http(request: pytest.FixtureRequest) -> Any:
    return request.param


async def refusing(scope: Any, receive: Any, send: Any) -> None:
    unread = asgi.unread_body(scope, receive)
    await asgi.respond(send, 401, [], b"no key", unread=unread)


def post(*lines: str, length: int = GIB, path: str = "/") -> bytes:
    head = [f"POST {path} HTTP/1.1", "host: localhost", f"content-length: {length}", *lines]
    return "\r\n".join([*head, "", ""]).encode()


async def answer_to(port: int, request: bytes) -> bytes:
    """What came until the server closed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    read = await asyncio.wait_for(reader.read(), SOON)
    writer.close()
    return read


@pytest.mark.parametrize("lines", [(), ("expect: 100-continue",)], ids=["plain", "expect"])
async def test_an_announced_body_is_not_waited_for(http: Any, lines: tuple[str, ...]) -> None:
    async with served(refusing, http) as port:
        answer = await answer_to(port, post(*lines))
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"connection: close\r\n" in answer
    assert b"100 Continue" not in answer
    assert answer.endswith(b"\r\n\r\nno key")


async def test_the_answer_comes_before_the_rest_is_read_off(http: Any) -> None:
    """Whoever sends nothing has the answer while the server still lingers."""
    async with served(refusing, http) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(post())
        await asyncio.wait_for(reader.readuntil(b"no key"), SOON)
        began = time.monotonic()
        assert await asyncio.wait_for(reader.read(), SOON) == b""
        assert time.monotonic() - began > asgi.LINGER_SECONDS / 2
        writer.close()


@pytest.mark.parametrize("size", [10, 200_000])
async def test_a_small_body_is_read_off_so_that_the_caller_is_not_reset(
    http: Any, size: int
) -> None:
    """Sent behind the head at once, as most clients do."""
    async with served(refusing, http) as port:
        for _ in range(10):
            answer = await answer_to(port, post(length=size) + b"x" * size)
            assert answer.endswith(b"no key")


async def test_no_more_is_taken_than_is_read_off(http: Any) -> None:
    """What a caller goes on sending piles up nowhere: the connection ends."""
    sent = 0
    async with served(refusing, http) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(post())
        while sent < GIB:
            writer.write(b"x" * 65536)
            try:
                await asyncio.wait_for(writer.drain(), SOON)
            except ConnectionError:
                break
            sent += 65536
        writer.close()
    # What the system buffers on both sides comes on top.
    assert sent < 64 * 1024 * 1024


async def test_a_request_without_a_body_keeps_its_connection(http: Any) -> None:
    async with served(refusing, http) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            head = await asyncio.wait_for(reader.readuntil(b"no key"), SOON)
            assert b"connection: close" not in head
        writer.close()


async def test_a_length_over_the_limit_is_refused_at_once(http: Any) -> None:
    """By Django's side of the service, which would spool it to disk."""
    async with served(application, http) as port:
        answer = await answer_to(port, post("expect: 100-continue", path="/api/governance/x"))
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"100 Continue" not in answer
    assert b"MiB, the limit" in answer
