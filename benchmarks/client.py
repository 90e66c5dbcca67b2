"""The product's HTTP client against aiohttp and httpx, in one process on one core.

    python benchmarks/client.py [--seconds 1.0] [--rounds 3] [--loop uvloop|asyncio] [--json FILE]

A child process serves canned answers from the other core, with so little work that it is not the
bottleneck ("ceiling": raw sockets that do not parse what they get). Rounds are interleaved, the
figures are medians, and a stream is 64 server-sent events in chunks of their own.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import statistics
import sys
from collections.abc import Awaitable, Callable
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import cast

import aiohttp
import httpx
import uvloop

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from inference.upstream import Client, Destination, Proxies, header_block

BODY = json.dumps(
    {"model": "m", "stream": False, "messages": [{"role": "user", "content": "x" * 120}]}
).encode()
ANSWER = json.dumps({"id": "c", "choices": [{"message": {"content": "y" * 200}}]}).encode()
EVENT = b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"word "}}]}\n\n'
CHUNKS = 64
HEADERS = {"authorization": "Bearer key", "content-type": "application/json"}
WHOLE_RESPONSE = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nserver: upstream\r\n"
    b"x-request-id: 0123456789abcdef\r\ncontent-length: %d\r\n\r\n" % len(ANSWER)
) + ANSWER
STREAM_RESPONSE = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nserver: upstream\r\n"
    b"x-request-id: 0123456789abcdef\r\ntransfer-encoding: chunked\r\n\r\n"
    + (b"%x\r\n%b\r\n" % (len(EVENT), EVENT)) * CHUNKS
    + b"0\r\n\r\n"
)
Request = Callable[[str], Awaitable[int]]


class Canned(asyncio.Protocol):
    """Every request has the same body; its target stands in the first bytes of its head."""

    response = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if data.startswith(b"POST /"):
            self.response = STREAM_RESPONSE if data[6] == b"s"[0] else WHOLE_RESPONSE
        # Some clients send head and body apart.
        if data.endswith(BODY):
            self.transport.write(self.response)


def serve(pipe: Pipe, core: int) -> None:
    pin(core)

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(Canned, "127.0.0.1", 0)
        pipe.send(server.sockets[0].getsockname()[1])
        await asyncio.get_running_loop().run_in_executor(None, pipe.recv)

    uvloop.run(main())


def pin(core: int) -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core % (os.cpu_count() or 1)})


def ours(client: Client, port: int) -> Request:
    destination = Destination("http", "127.0.0.1", port)
    headers = header_block(HEADERS.items())

    async def request(kind: str) -> int:
        target = b"/stream" if kind == "stream" else b"/whole"
        reply = await client.send(destination, b"POST", target, headers, BODY, connect_timeout=5)
        size = 0
        while data := await reply.read():
            size += len(data)
        return size

    return request


def by_aiohttp(session: aiohttp.ClientSession, port: int) -> Request:
    async def request(kind: str) -> int:
        url = f"http://127.0.0.1:{port}/{kind}"
        async with session.post(url, data=BODY, headers=HEADERS) as response:
            size = 0
            async for data in response.content.iter_any():
                size += len(data)
            return size

    return request


def by_httpx(client: httpx.AsyncClient, port: int) -> Request:
    async def request(kind: str) -> int:
        url = f"http://127.0.0.1:{port}/{kind}"
        async with client.stream("POST", url, content=BODY, headers=HEADERS) as response:
            size = 0
            async for data in response.aiter_raw():
                size += len(data)
            return size

    return request


def by_raw_sockets(port: int) -> Request:
    """Keeps its sockets in a list; knows how long the answers are."""
    loop = asyncio.get_running_loop()
    idle: list[RawConnection] = []

    async def request(kind: str) -> int:
        if not idle:
            _, connection = await loop.create_connection(RawConnection, "127.0.0.1", port)
        else:
            connection = idle.pop()
        response = STREAM_RESPONSE if kind == "stream" else WHOLE_RESPONSE
        head = f"POST /{kind} HTTP/1.1\r\nhost: h\r\ncontent-length: {len(BODY)}\r\n\r\n"
        await connection.exchange(head.encode() + BODY, len(response))
        idle.append(connection)
        return len(EVENT) * CHUNKS if kind == "stream" else len(ANSWER)

    return request


class RawConnection(asyncio.Protocol):
    missing = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def exchange(self, request: bytes, length: int) -> asyncio.Future[None]:
        self.missing = length
        self.done = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return self.done

    def data_received(self, data: bytes) -> None:
        self.missing -= len(data)
        if self.missing <= 0:
            self.done.set_result(None)


async def rate(request: Request, kind: str, callers: int, seconds: float) -> float:
    """Requests a second with this many callers, each asking again as soon as it is answered."""
    loop = asyncio.get_running_loop()
    expected = len(EVENT) * CHUNKS if kind == "stream" else len(ANSWER)
    count = 0

    async def caller(deadline: float) -> None:
        nonlocal count
        while loop.time() < deadline:
            size = await request(kind)
            assert size == expected
            count += 1

    await asyncio.gather(*(caller(loop.time() + seconds / 10) for _ in range(callers)))
    count, started = 0, loop.time()
    await asyncio.gather(*(caller(started + seconds) for _ in range(callers)))
    return count / (loop.time() - started)


CASES = [(kind, callers) for kind in ("whole", "stream") for callers in (1, 32)]
Figures = dict[tuple[str, int], dict[str, list[float]]]


async def measure(port: int, seconds: float, rounds: int, only: list[str]) -> Figures:
    figures: Figures = {case: {} for case in CASES}
    client = Client(proxies=Proxies())
    unlimited = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    async with (
        aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
        ) as session,
        httpx.AsyncClient(limits=unlimited, trust_env=False) as default,
    ):
        tools = {
            "pointsman": ours(client, port),
            "aiohttp": by_aiohttp(session, port),
            "httpx": by_httpx(default, port),
            "ceiling": by_raw_sockets(port),
        }
        for _ in range(rounds):
            for kind, callers in CASES:
                for name, request in tools.items():
                    if not only or name in only:
                        figure = await rate(request, kind, callers, seconds)
                        figures[kind, callers].setdefault(name, []).append(figure)
    await client.aclose()
    return figures


def report(figures: Figures) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for (kind, callers), tools in figures.items():
        medians = {name: statistics.median(values) for name, values in tools.items()}
        base = medians.get("aiohttp")
        for name, median in medians.items():
            spread = (max(tools[name]) - min(tools[name])) / median
            ratio = None if base is None else median / base
            rows.append(
                {
                    "case": kind,
                    "callers": callers,
                    "client": name,
                    "per_second": round(median),
                    "spread": round(spread, 3),
                    "ratio_to_aiohttp": None if ratio is None else round(ratio, 2),
                }
            )
            print(
                f"{kind:>7} {callers:>3} callers  {name:<10} {median:>8,.0f}/s"
                f"  ±{spread / 2:5.1%}" + ("" if ratio is None else f"  {ratio:5.2f} of aiohttp")
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--loop", choices=["uvloop", "asyncio"], default="uvloop")
    parser.add_argument("--only", nargs="*", default=[])
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    context = multiprocessing.get_context("spawn")
    pipe, other = context.Pipe()
    upstream = context.Process(target=serve, args=(other, 1), daemon=True)
    upstream.start()
    port = pipe.recv()
    pin(0)
    work = measure(port, options.seconds, options.rounds, options.only)
    figures = uvloop.run(work) if options.loop == "uvloop" else asyncio.run(work)
    rows = report(figures)
    if options.json is not None:
        options.json.write_text(json.dumps(rows, indent=1) + "\n")
    pipe.send(None)
    upstream.join(5)


if __name__ == "__main__":
    main()
