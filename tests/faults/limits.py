"""A budget under fire: two nodes of two processes, cancelled and failing streams, hedges, kills.

What the ledger says afterwards is compared with the records, with what the scripted provider would
bill, and with the budget.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg

from tests.faults.billing_provider import COST, PROMPT, BillingProvider
from tests.faults.database import Way
from tests.faults.figures import Figure, at_most, equal
from tests.support import postgres
from tests.support.eventually import eventually
from tests.support.installation import Installation
from tests.support.upstream import Upstream

KEYS: Final = {
    "POINTSMAN_ENCRYPTION_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "POINTSMAN_SECRET_KEY": "x" * 60,
}
BODY: Final = {
    "model": "proof/m",
    "stream": True,
    "messages": [{"role": "user", "content": "word " * PROMPT}],
}
CANCELLED: Final = 0.1
HEDGE_AFTER: Final = 0.5
QUOTA: Final = "insufficient_quota"
WAIT: Final = "rate_limit_exceeded"


@dataclass(frozen=True)
class Scale:
    """How much of it."""

    streams: int = 200
    """At a time."""
    budget: int = 2_000
    """In streams."""
    kills: bool = True
    away: float = 10.0
    """Seconds for which PostgreSQL is away; 0: it stays."""
    longest: float = 300.0


SHORT: Final = Scale(streams=20, budget=150, away=0.0, longest=45.0)


@dataclass
class Seen:
    """What callers saw, and what the provider would bill."""

    whole: int = 0
    cancelled: int = 0
    failed: int = 0
    refused: int = 0
    put_off: int = 0
    """Asked to try again in a second: what was left was shared out."""
    broken: int = 0
    """Connections that a kill has cut."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)


def run(folder: Path, scale: Scale = Scale()) -> Iterator[Figure]:
    if not postgres.available():
        return
    with ExitStack() as stack:
        url = stack.enter_context(postgres.server())
        with psycopg.connect(url, autocommit=True) as base:
            base.execute("CREATE DATABASE limits_proof")
        way = Way(url)
        more = {
            **KEYS,
            "POINTSMAN_DATABASE_URL": f"postgres://pointsman@127.0.0.1:{way.port}/limits_proof",
            "POINTSMAN_ENABLE_CLOUD_ROUTING": "true",
        }
        provider = BillingProvider()
        upstream = stack.enter_context(Upstream(provider))
        nodes = [
            stack.enter_context(
                Installation(
                    folder / f"node-{number}",
                    *("--no-model", "--workers", "2"),
                    wait=150,
                    POINTSMAN_NODE_NAME=f"node-{number}",
                    **more,
                )
            )
            for number in range(2)
        ]
        key = nodes[0].api_key
        _configure(nodes[0].url, key, upstream, scale)
        seen = Seen()
        began = time.monotonic()
        asyncio.run(_drive(nodes, key, seen, scale, way))
        took = time.monotonic() - began
        database = url.replace("/postgres", "/limits_proof")
        yield from _figures(database, seen, scale, took, provider)


def _configure(url: str, key: str, upstream: Upstream, scale: Scale) -> None:
    client = httpx.Client(
        base_url=f"{url}/api/governance", headers={"Authorization": f"Bearer {key}"}, timeout=30
    )

    def make(path: str, document: dict[str, Any]) -> None:
        answer = client.post(path, json=document)
        assert answer.status_code == 201, answer.text

    for name in ("acme", "other"):
        place = f"http://127.0.0.1:{upstream.port}/{name}/v1"
        make("/providers", {"name": name, "kind": "openai", "base_url": place, "api_key": "k"})
        price = {"provider": name, "model": "m", "input": "1000", "output": "1000"}
        make("/prices", {**price, "valid_from": "2020-01-01"})
    targets = [{"provider": name, "model": "m"} for name in ("acme", "other")]
    profile = {"name": "proof", "virtual_provider": "proof", "targets": targets}
    make(
        "/routing-profiles",
        {**profile, "hedge_after": HEDGE_AFTER, "retries": 0, "local_fallback": "never"},
    )
    amount = f"{scale.budget * COST / 1_000_000:.6f}"
    make("/limits", {"name": "all", "measure": "cost", "amount": amount, "window": "total"})
    time.sleep(1.5)


async def _drive(nodes: list[Installation], key: str, seen: Seen, scale: Scale, way: Way) -> None:
    rng = random.Random(11)
    headers = {"Authorization": f"Bearer {key}"}
    bounds = httpx.Limits(max_connections=scale.streams * 2)
    async with httpx.AsyncClient(headers=headers, limits=bounds, timeout=60) as client:
        faults = asyncio.create_task(_faults(nodes, scale, way))
        callers = [
            asyncio.create_task(_caller(client, nodes, seen, random.Random(rng.random())))
            for _ in range(scale.streams)
        ]
        with suppress(TimeoutError):
            async with asyncio.timeout(scale.longest):
                await seen.ended.wait()
                await faults
        for one in (faults, *callers):
            one.cancel()
        await asyncio.gather(faults, *callers, return_exceptions=True)


async def _faults(nodes: list[Installation], scale: Scale, way: Way) -> None:
    """A web process and a collector are killed, and PostgreSQL is away for a while."""
    if scale.kills:
        for name in (b"gateway.web", b"gateway.collector"):
            await asyncio.sleep(2)
            os.kill(process_of(nodes[0], name), signal.SIGKILL)
    if scale.away:
        await asyncio.sleep(2)
        way.close()
        await asyncio.sleep(scale.away)
        way.open()


def process_of(node: Installation, name: bytes) -> int:
    for pid in node.descendants():
        with suppress(OSError):
            if name in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
    raise AssertionError(name)


async def _caller(
    client: httpx.AsyncClient, nodes: list[Installation], seen: Seen, rng: random.Random
) -> None:
    """Asks again and again, until the budget is gone for good."""
    refused = 0
    while refused < 20:
        url = f"{rng.choice(nodes).url}/v1/chat/completions"
        leaves = rng.random() < CANCELLED
        try:
            code = await _ask(client, url, leaves)
        except httpx.HTTPError:
            seen.broken += 1
            await asyncio.sleep(0.2)
            continue
        if code == QUOTA:
            seen.refused += 1
            refused += 1
            await asyncio.sleep(0.5)
            continue
        refused = 0
        if code == WAIT:
            seen.put_off += 1
            await asyncio.sleep(1)
            continue
        seen.whole += code == "ok"
        seen.cancelled += code == "left"
        seen.failed += code not in ("ok", "left")
    seen.ended.set()


_numbers: Final = count()


async def _ask(client: httpx.AsyncClient, url: str, leaves: bool) -> str:
    name = f"proof-{next(_numbers)}"
    body = {**BODY, "user": name}
    async with client.stream("POST", url, json=body, headers={"x-request-id": name}) as answer:
        if answer.status_code != 200:
            await answer.aread()
            error: dict[str, Any] = answer.json()["error"]
            return str(error.get("code") or error["type"])
        async for line in answer.aiter_lines():
            if leaves and line.startswith("data:"):
                return "left"
            if line == "data: [DONE]":
                return "ok"
    raise httpx.ReadError("cut")


def _figures(
    url: str, seen: Seen, scale: Scale, took: float, provider: BillingProvider
) -> Iterator[Figure]:
    """From the database, once all that was recorded is there."""
    budget = scale.budget * COST

    def asked(sql: str) -> int:
        with psycopg.connect(url) as connection:
            row = connection.execute(sql).fetchone()
        return int(row[0] or 0) if row else 0

    last = -1

    def settled() -> bool:
        nonlocal last
        before, last = last, asked("SELECT COUNT(*) FROM governance_interaction")
        time.sleep(1.5)
        return before == last

    eventually(settled, 60)
    ledger = asked("SELECT SUM(cost_micro_usd) FROM governance_usagebucket")
    records = asked("SELECT SUM(ROUND(cost_usd * 1000000)) FROM governance_interaction")
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT request_id, outcome, cost_usd, attempts FROM governance_interaction"
        ).fetchall()
    recorded = {name: float(cost or 0) for name, _, cost, _ in rows}
    answered = [(float(cost or 0), tries) for _, outcome, cost, tries in rows if outcome == "ok"]
    billed = {one.body["user"] for one in provider.streamed if one.finished}
    unpaid = sum(not recorded.get(name) for name in billed)
    beyond = 100 * (ledger - budget) / budget
    # What four processes may admit at once beside what they know of one another.
    allowed = max(0.5, 100 * 4 * COST / budget)
    yield Figure(
        "budget passed by",
        f"{beyond:+.2f} %",
        f"at most {allowed:.2f} %, one request a process",
        beyond <= allowed,
    )
    yield Figure(
        "budget used up, no false refusal", f"{100 + beyond:.2f} %", "at least 97 %", beyond >= -3
    )
    yield equal("ledger less the sum of the records, micro-dollars", ledger - records, 0)
    other = sum(round(cost * 1_000_000) != COST for cost, tries in answered if len(tries) == 1)
    yield equal("whole answers recorded at another cost than billed", other, 0)
    lost = max(0, seen.whole - len(answered))
    yield at_most("whole answers without a record (a kill -9 may lose 100 ms)", lost, 20, "")
    cut = "streams the provider sent to their end that nobody is charged for"
    yield at_most(f"{cut} (those of the process that was killed)", unpaid, seen.broken + 20, "")
    yield Figure(
        "streams: whole, cancelled, failed, refused, put off, cut by a kill",
        f"{seen.whole:,}, {seen.cancelled:,}, {seen.failed:,}, {seen.refused:,}, "
        f"{seen.put_off:,}, {seen.broken:,}",
        f"in {took:.0f} s, {scale.streams} at a time",
        seen.whole > 0,
    )
