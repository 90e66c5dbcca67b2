"""What a head may be, on whichever server."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from gateway.asgi import application
from gateway.server.head_rules import FIELDS, HEAD_BYTES, fault
from gateway.server.protocol import STOCK
from gateway.server.uvicorn_http import Protocol
from tests.gateway.server.serving import exchange, served


def scope(*headers: tuple[bytes, bytes], version: str = "1.1", host: bool = True) -> Any:
    own = [(b"host", b"x")] if host else []
    return {"type": "http", "http_version": version, "path": "/", "headers": [*own, *headers]}


@pytest.mark.parametrize(
    "fine",
    [
        scope(),
        scope(version="1.0", host=False),
        scope((b"transfer-encoding", b"chunked")),
        scope(version="2", host=False),
        scope(*[(b"a", b"b")] * (FIELDS - 1)),
        scope((b"a", b"b" * (HEAD_BYTES - 100))),
    ],
)
def test_what_is_fine(fine: Any) -> None:
    assert fault(fine) is None


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (scope(host=False), "missing_host"),
        (scope((b"host", b"y")), "duplicate_host"),
        (scope((b"host", b"x"), version="1.0"), "duplicate_host"),
        (scope((b"transfer-encoding", b"chunked"), version="1.0"), "bad_framing"),
        (scope(*[(b"a", b"b")] * FIELDS), "head_too_large"),
        (scope((b"a", b"b" * HEAD_BYTES)), "head_too_large"),
        ({**scope(), "raw_path": b"/" * HEAD_BYTES}, "head_too_large"),
        ({**scope(), "query_string": b"a" * HEAD_BYTES}, "head_too_large"),
    ],
)
def test_what_is_refused(bad: Any, code: str) -> None:
    found = fault(bad)
    assert found is not None
    assert found.code == code


@pytest.mark.parametrize("http", [Protocol, STOCK], ids=["fast", "stock"])
async def test_the_service_says_so_in_the_form_of_the_caller(http: Any) -> None:
    """And ends the connection: nobody knows where the next request would begin."""
    async with served(application, http) as port:
        for path, form in (("/v1/messages", "error"), ("/v1/chat/completions", None)):
            request = f"POST {path} HTTP/1.1\r\ncontent-length: 2\r\n\r\n{{}}".encode()
            answer = b"".join(await asyncio.wait_for(exchange(port, request), 10))
            head, _, body = answer.partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 400 ")
            assert b"connection: close" in head
            told = json.loads(body)
            assert told.get("type") == form
            assert told["error"]["code"] == "missing_host"
        many = b"".join(b"x-%d: y\r\n" % number for number in range(FIELDS + 1))
        answer = b"".join(
            await exchange(port, b"GET /livez HTTP/1.1\r\nhost: x\r\n" + many + b"\r\n")
        )
        assert answer.startswith(b"HTTP/1.1 431 ")
