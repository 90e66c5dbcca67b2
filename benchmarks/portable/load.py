"""The load generator where there is no C compiler: `native/load.c`, in lean Python.

    python -m benchmarks.portable.load ADDRESS PORT CALLERS SECONDS EACH SPREAD WARMUP \
        REQUESTS EXPECTED
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import resource
import sys
import time
from itertools import cycle
from pathlib import Path
from typing import Any, Final, cast

import httptools
import uvloop

_DRAIN_SECONDS: Final = 30.0
_GIVE_UP: Final = 1000
"""Errors after which a round is pointless."""


class Expectation:
    """What every answer must be: see `programs.Expected`."""

    def __init__(self, path: Path) -> None:
        head, _, rest = path.read_bytes().partition(b"\n")
        self.length, self.events, tail, _ = map(int, head.split())
        self.tail, self.body = rest[:tail], rest[tail:]
        self.known = [(m.start(), m.group()) for m in re.finditer(rb"[^\0]+", self.body)]

    def problem(self, status: int, body: bytes) -> str | None:
        if status != 200:
            return "the status is not 200"
        if self.length and len(body) != self.length:
            return "the body has another length"
        if self.body:
            if all(body.startswith(part, at) for at, part in self.known):
                return None
            return "the body differs"
        if self.events and body.count(b"\n\n") != self.events:
            return "the number of events differs"
        return None if body.endswith(self.tail) else "the body does not end as it should"


class Run:
    """What all callers share."""

    def __init__(self, arguments: list[str]) -> None:
        self.address, self.port = arguments[0], int(arguments[1])
        self.callers, self.each = int(arguments[2]), int(arguments[4])
        self.spread = float(arguments[5])
        self.requests = cycle(_requests(Path(arguments[7])))
        self.expected = Expectation(Path(arguments[8]))
        self.count_from = time.monotonic() + float(arguments[6])
        self.deadline = self.count_from + float(arguments[3])
        self.wholes: list[float] = []
        self.firsts: list[float] = []
        self.gaps: list[float] = []
        self.finished = self.completed = self.body_bytes = self.errors = 0
        self.last = self.count_from
        self.error = ""

    def count(self, began: float, now: float, first: float, gap: float, size: int) -> None:
        self.finished += 1
        if began < self.count_from:
            return
        self.wholes.append(now - began)
        self.firsts.append(first - began)
        self.gaps.append(gap)
        if self.each or now <= self.deadline:
            self.completed += 1
            self.body_bytes += size
            self.last = now

    def fail(self, why: str) -> None:
        self.errors += 1
        self.error = self.error or why

    def report(self, unfinished: int) -> dict[str, Any]:
        used = resource.getrusage(resource.RUSAGE_SELF)
        return {
            "completed": self.completed,
            "finished": self.finished,
            "seconds": self.last - self.count_from,
            "errors": self.errors,
            "unfinished": unfinished,
            "body_bytes": self.body_bytes,
            "cpu_seconds": used.ru_utime + used.ru_stime,
            "error": self.error,
            "whole": _percentiles(self.wholes),
            "first": _percentiles(self.firsts),
            "gap": _percentiles(self.gaps),
        }


class Caller(asyncio.Protocol):
    """One connection; `ask` sends a request and waits for its answer."""

    def __init__(self) -> None:
        self._waiter: asyncio.Future[str | None] | None = None
        self._body = bytearray()
        self._first = self._last = self._gap = 0.0
        self._status = 0
        self._parser: httptools.HttpResponseParser | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end("the connection was closed")

    def data_received(self, data: bytes) -> None:
        if self._parser is None:
            self._end("there are bytes that nobody asked for")
            return
        had = len(self._body)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._end(f"the answer is not valid HTTP: {error}")
        if len(self._body) > had:
            now = time.monotonic()
            if self._first:
                self._gap = max(self._gap, now - self._last)
            else:
                self._first = now
            self._last = now

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        assert self._parser is not None
        self._status = self._parser.get_status_code()
        # Only after this chunk is accounted for does the next request begin.
        asyncio.get_running_loop().call_soon(self._end, None)

    async def ask(self, request: bytes, run: Run) -> str | None:
        """None, or what is wrong with the answer."""
        self._waiter = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self._body.clear()
        self._first = self._last = self._gap = 0.0
        began = time.monotonic()
        self._transport.write(request)
        why = await self._waiter
        if why is None:
            why = run.expected.problem(self._status, bytes(self._body))
        if why is None:
            run.count(began, time.monotonic(), self._first, self._gap, len(self._body))
        return why

    def close(self) -> None:
        self._transport.abort()

    def _end(self, why: str | None) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(why)


async def _call(run: Run, place: int) -> None:
    loop = asyncio.get_running_loop()
    _, caller = await loop.create_connection(Caller, run.address, run.port)
    await asyncio.sleep(run.spread * place / run.callers)
    asked = 0
    while asked < run.each if run.each else time.monotonic() < run.deadline:
        asked += 1
        why = await caller.ask(next(run.requests), run)
        if why is not None:
            run.fail(why)
            if run.errors >= _GIVE_UP:
                break
            caller.close()
            _, caller = await loop.create_connection(Caller, run.address, run.port)
    caller.close()


async def _main(arguments: list[str]) -> None:
    run = Run(arguments)
    tasks = [asyncio.create_task(_call(run, place)) for place in range(run.callers)]
    stop = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    everyone = asyncio.gather(*tasks)
    limit = None if run.each else run.deadline - time.monotonic() + _DRAIN_SECONDS
    await asyncio.wait({everyone, stop}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
    unfinished = sum(not task.done() for task in tasks)
    print(json.dumps(run.report(unfinished)), flush=True)
    # The thread that waits for standard input would keep the interpreter.
    os._exit(0)


def _requests(path: Path) -> list[bytes]:
    found = []
    with path.open("rb") as file:
        while line := file.readline():
            found.append(file.read(int(line)))
    return found


def _percentiles(seconds: list[float]) -> dict[str, float]:
    """Microseconds."""
    ordered = sorted(seconds) or [0.0]
    at = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999, "max": 1.0}
    found = {name: ordered[round((len(ordered) - 1) * share)] for name, share in at.items()}
    found["mean"] = sum(ordered) / len(ordered)
    return {name: value * 1e6 for name, value in found.items()}


if __name__ == "__main__":
    uvloop.run(_main(sys.argv[1:]))
