"""Small applications under Uvicorn, and raw sockets to talk to them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import uvicorn

App = Callable[[Any, Any, Any], Awaitable[None]]
PLAIN = [(b"content-type", b"text/plain")]


@asynccontextmanager
async def served(app: App, http: Any, **options: Any) -> AsyncIterator[int]:
    """The app under Uvicorn with the protocol `http`; gives the port."""
    config = uvicorn.Config(app, http=http, port=0, lifespan="off", log_level="critical", **options)
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
