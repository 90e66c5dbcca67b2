"""Which HTTP protocol class serves: ours on top of Uvicorn's, or Uvicorn's own.

Ours reaches into Uvicorn's private parts, which any release may change. So a process tries it on
a few requests in memory before it serves, and serves with the stock protocol where they go wrong.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, cast

import structlog
import uvicorn
from uvicorn.server import ServerState

from inference.edge.asgi import Receive, Scope, Send

log = structlog.get_logger("pointsman.server")

STOCK: Final = "httptools"
"""Uvicorn's name for its protocol."""
PATIENCE: Final = 2.0
"""Seconds for the requests in memory, which take some hundred microseconds."""


async def http_protocol(kind: str) -> type[asyncio.Protocol] | str:
    """What Uvicorn takes as `http`; `kind` is `fast` or `stock`."""
    if kind == "stock":
        return STOCK
    try:
        from gateway.server.uvicorn_http import Protocol

        with _silent():
            await asyncio.wait_for(check(Protocol), PATIENCE)
    except Exception as error:
        log.warning(
            "server_stock",
            reason=f"{type(error).__name__}: {error}",
            uvicorn=getattr(uvicorn, "__version__", ""),
            hint="The fast protocol does not fit this Uvicorn; its own serves. "
            "POINTSMAN_SERVER=stock chooses it without a warning.",
        )
        return STOCK
    return Protocol


@contextmanager
def _silent() -> Iterator[None]:
    """What Uvicorn would say about requests that go wrong is told as the reason."""
    logger = logging.getLogger("uvicorn.error")
    before, logger.disabled = logger.disabled, True
    try:
        yield
    finally:
        logger.disabled = before


class Mismatch(Exception):
    """The protocol did not answer as it should."""


class _Transport(asyncio.Transport):
    """A connection in memory that keeps what is written to it."""

    def __init__(self) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.written = b""
        self.closed = False

    def write(self, data: Any) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the body, `/stream` in pieces and `/early` without having read it."""
    path = scope["path"]
    body = b"no" if path == "/early" else (await receive())["body"] or b"none"
    head: dict[str, Any] = {"type": "http.response.start", "status": 200, "headers": []}
    if path != "/stream":
        head["headers"] = [(b"Content-Length", b"%d" % len(body))]
    await send(head)
    if path == "/stream":
        await send({"type": "http.response.body", "body": body, "more_body": True})
        body = b""
    await send({"type": "http.response.body", "body": body})


def _connection(protocol: type[asyncio.Protocol], state: ServerState, over: _Transport) -> Any:
    """What Uvicorn would make for a caller, with `_echo` behind it."""
    config = uvicorn.Config(
        cast(Any, _echo),
        http=protocol,
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
    )
    config.load()
    made: Any = config.http_protocol_class
    connection = made(config=config, server_state=state, app_state={})
    connection.connection_made(over)
    return connection


async def check(protocol: type[asyncio.Protocol]) -> None:
    """Puts requests through `protocol`. Raises whatever is wrong with it."""
    state, transport = ServerState(), _Transport()
    connection = _connection(protocol, state, transport)
    tell = connection.data_received

    async def expect(*pieces: bytes) -> None:
        """That what was written begins and ends so, and holds what is between."""
        # The answer's task, and the outbox, which writes at the end of a turn.
        for _ in range(20):
            await asyncio.sleep(0)
        first, *between, last = pieces
        written, transport.written = transport.written, b""
        if not (
            written.startswith(first)
            and written.endswith(last)
            and all(one in written for one in between)
        ):
            raise Mismatch(f"It answered {written!r}.")

    ok, length = b"HTTP/1.1 200 OK\r\n", b"content-length: 4\r\n"
    tell(b"GET /whole HTTP/1.1\r\nhost: x\r\n\r\n")
    await expect(ok, length.strip(), b"\r\n\r\nnone")
    tell(b"POST /stream HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nbody")
    await expect(ok, b"transfer-encoding: chunked", b"\r\n\r\n4\r\nbody\r\n0\r\n\r\n")
    tell(b"GET /one HTTP/1.1\r\nhost: x\r\n\r\nGET /two HTTP/1.1\r\nhost: x\r\n\r\n")
    await expect(ok, b"none" + ok, b"none")
    asking = b"HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 4\r\n"
    tell(b"POST /whole " + asking + b"\r\n")
    await expect(b"HTTP/1.1 100 Continue\r\n\r\n", b"\r\n\r\n")
    tell(b"body")
    await expect(ok, length.strip(), b"\r\n\r\nbody")
    if transport.is_closing() or len(state.connections) != 1:
        raise Mismatch("It does not keep connections.")
    tell(b"POST /early " + asking + b"connection: close\r\n\r\n")
    await expect(ok, b"connection: close", b"\r\n\r\nno")
    connection.connection_lost(None)
    if not transport.is_closing() or state.connections or state.tasks:
        raise Mismatch("It does not let connections go.")
