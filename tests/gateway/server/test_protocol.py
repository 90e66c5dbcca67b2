"""A Uvicorn that our protocol does not fit is found out before it serves."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gateway.server import uvicorn_http
from gateway.server.protocol import STOCK, check, http_protocol
from gateway.server.uvicorn_cycle import Cycle
from gateway.server.uvicorn_http import Protocol


class WithoutAnAttribute(Protocol):
    """As where Uvicorn calls something by another name."""

    def on_headers_complete(self) -> None:
        self.no_such_attribute()  # type: ignore[attr-defined]


class WithoutABody(Protocol):
    """As where Uvicorn keeps what it has received elsewhere."""

    def on_body(self, body: bytes) -> None:
        pass


class Forgetful(Protocol):
    """As where the end of an answer is told in another way: no second one is sent."""

    def on_response_complete(self) -> None:
        pass


class HalfACycle(Cycle):
    def _send_body(self, body: bytes, *, more: bool) -> None:
        super()._send_body(body[:-1], more=more)


class WrongLength(Protocol):
    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self.cycle.__class__ = HalfACycle


class Eager(Protocol):
    """Sends `100 Continue` though nobody asks for the body."""

    def on_headers_complete(self) -> None:
        if self.expect_100_continue:
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        super().on_headers_complete()


BROKEN = [WithoutAnAttribute, WithoutABody, Forgetful, WrongLength, Eager]


@pytest.mark.parametrize("protocol", [Protocol, HttpToolsProtocol], ids=["fast", "stock"])
async def test_what_works_passes(protocol: type[asyncio.Protocol]) -> None:
    await check(protocol)


async def test_the_fast_one_serves_with_this_uvicorn() -> None:
    with structlog.testing.capture_logs() as logged:
        assert await http_protocol("fast") is Protocol
    assert logged == []


async def test_stock_is_chosen_by_a_setting() -> None:
    with structlog.testing.capture_logs() as logged:
        assert await http_protocol("stock") == STOCK
    assert logged == []


@pytest.mark.parametrize("protocol", BROKEN)
async def test_what_does_not_fit_falls_back_with_one_line(
    protocol: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(uvicorn_http, "Protocol", protocol)
    with structlog.testing.capture_logs() as logged:
        assert await http_protocol("fast") == STOCK
    (line,) = logged
    assert line["event"] == "server_stock"
    assert line["log_level"] == "warning"
    assert "POINTSMAN_SERVER=stock" in line["hint"]
    assert not caplog.records


async def test_a_name_that_uvicorn_no_longer_has_falls_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(uvicorn_http, "Protocol")
    with structlog.testing.capture_logs() as logged:
        assert await http_protocol("fast") == STOCK
    assert "ImportError" in logged[0]["reason"]
