"""Very many requests of every sort, large failing ones among them: what stays in memory.

`make test-soak`; `ARGS="--requests 50000"` for fewer.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp
import httpx

from tests.faults.figures import Figure, at_most, equal, resident
from tests.faults.inbound import web_process
from tests.faults.limits import process_of
from tests.faults.soak_provider import MOODS, SoakProvider
from tests.service.operator import Operator
from tests.support.installation import Installation

REQUESTS: Final = 500_000
AT_ONCE: Final = 24
CATCH_UP: Final = 300.0
"""Seconds at most until all records are rows: work that waits takes up memory."""
CALM: Final = 8.0
"""Seconds without a request before memory is looked at, after that."""
WARM: Final = 0.1
"""Share of the requests after which memory is looked at for the first time."""


@dataclass(frozen=True)
class Sort:
    """What is asked, and how often of a thousand times."""

    name: str
    share: int
    mood: str
    stream: bool = False
    messages: bool = False
    """By Anthropic's protocol."""
    size: int = 200
    """Bytes of the prompt."""
    leaves: bool = False
    """The caller goes away in the stream."""


SORTS: Final = (
    Sort("whole answers", 520, "good"),
    Sort("streams", 200, "good", stream=True),
    Sort("streams of messages", 80, "good", stream=True, messages=True),
    Sort("streams that the caller leaves", 50, "endless", stream=True, leaves=True),
    Sort("refusals", 50, "refuses"),
    Sort("prompts of 100 kB whose connection closes", 50, "closes", size=100_000),
    Sort("streams that break off", 40, "cuts", stream=True, size=20_000),
    Sort("failing prompts of 1 MB", 9, "closes", size=1_000_000),
    Sort("failing prompts of 10 MB", 1, "cuts", stream=True, size=10_000_000),
)


@dataclass
class Seen:
    count: int = 0
    statuses: Counter[str] = field(default_factory=Counter)
    peak: float = 0.0


def run(folder: Path, requests: int = REQUESTS) -> Iterator[Figure]:
    with (
        SoakProvider() as provider,
        Installation(folder, "--no-model", "--workers", "1") as service,
    ):
        operator = Operator(service.url, service.api_key)
        models = {}
        for mood in MOODS:
            name = operator.provider(provider.url(mood))
            profile = operator.profile({"provider": name, "model": "m"}, local_fallback="never")
            if mood != "good":
                # Or the breaker would refuse most of them before the provider is asked.
                forced = {"state": "closed", "minutes": 600, "reason": "soak"}
                operator.api.post(f"/providers/{name}/override", json=forced).raise_for_status()
            models[mood] = f"{profile['virtual_provider']}/m"
        processes = {
            "the web process": web_process(service),
            "the collector": process_of(service, b"gateway.collector"),
        }
        seen, began = Seen(), time.monotonic()
        web = processes["the web process"]
        before = asyncio.run(_part(operator, models, web, seen, int(requests * WARM), processes))
        after = asyncio.run(_part(operator, models, web, seen, requests, processes))
        took = time.monotonic() - began
    wrong = {what: count for what, count in seen.statuses.items() if what.endswith("wrong")}
    what = f"{requests:,} requests in {took:,.0f} s"
    yield equal(f"{what}: unexpected ends", sum(wrong.values()), 0)
    for name, first in before.items():
        grown = 100 * (after[name] - first) / first
        words = f"{what}: {name} grew from {first:,.0f} MB after a tenth by"
        yield at_most(words, grown, 5, "%")
    yield at_most(
        f"{what}: the web process at its peak", seen.peak, 4 * before[next(iter(before))], "MB"
    )


async def _part(
    operator: Operator,
    models: dict[str, str],
    web: int,
    seen: Seen,
    until: int,
    processes: dict[str, int],
) -> dict[str, float]:
    """Asks until so many were asked in all; the memory of each process once it is quiet."""
    bodies = {sort.name: _body(sort, models[sort.mood]) for sort in SORTS}
    connector = aiohttp.TCPConnector(limit=AT_ONCE * 2)
    headers = {**operator.headers, "content-type": "application/json"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def caller(number: int) -> None:
            rng = random.Random(f"{until} {number}")
            while seen.count < until:
                seen.count += 1
                if seen.count % 50 == 0:
                    seen.peak = max(seen.peak, resident(web))
                (sort,) = rng.choices(SORTS, [one.share for one in SORTS])
                path = "messages" if sort.messages else "chat/completions"
                seen.statuses[await _ask(session, f"{operator.url}/v1/{path}", sort, bodies)] += 1

        await asyncio.gather(*(caller(number) for number in range(AT_ONCE)))
    deadline = time.monotonic() + CATCH_UP
    while _behind(operator) and time.monotonic() < deadline:
        await asyncio.sleep(0.5)
    await asyncio.sleep(CALM)
    return {name: resident(pid) for name, pid in processes.items()}


def _behind(operator: Operator) -> bool:
    """Whether the collector has records to take in, as it tells once a second."""
    told = httpx.get(f"{operator.url}/metrics", headers=operator.headers, timeout=30).text
    found = re.search(r"^pointsman_collector_backlog_bytes (\S+)$", told, re.MULTILINE)
    return found is None or float(found[1]) > 0


def _body(sort: Sort, model: str) -> bytes:
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": 100,
        "messages": [{"role": "user", "content": "x" * sort.size}],
        "stream": sort.stream,
    }
    return json.dumps(body).encode()


async def _ask(
    session: aiohttp.ClientSession, url: str, sort: Sort, bodies: dict[str, bytes]
) -> str:
    """The sort and how it ended; `wrong` where it should have ended otherwise."""
    try:
        async with session.post(url, data=bodies[sort.name]) as answer:
            if sort.leaves:
                await answer.content.readany()
                return f"{sort.name} {answer.status}"
            said = await answer.read()
            good = _as_wanted(sort, answer.status, said)
            return f"{sort.name} {answer.status}{'' if good else ' wrong'}"
    except (aiohttp.ClientError, TimeoutError) as error:
        return f"{sort.name} {type(error).__name__} wrong"


def _as_wanted(sort: Sort, status: int, said: bytes) -> bool:
    if sort.mood == "good":
        end = b"message_stop" if sort.messages else b"[DONE]"
        return status == 200 and (end in said if sort.stream else b"some words" in said)
    # A breaker that is open refuses by itself, before or after the head.
    return status >= 500 or (status == 200 and b"error" in said and b"[DONE]" not in said)
