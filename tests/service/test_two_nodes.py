"""Four web processes on two nodes with one database: breakers, load, overrides and sessions."""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import psycopg
import pytest

from tests.service.operator import Operator
from tests.support import openai_shapes as shapes
from tests.support.eventually import eventually
from tests.support.installation import Installation
from tests.support.timing import allowed
from tests.support.upstream import Asked, Json, Reply, Upstream

# Two installations start, with a database of their own.
pytestmark = pytest.mark.timeout(600)
TURNS = 100


@pytest.fixture(scope="module")
def nodes(
    postgres_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Operator, Operator]]:
    """An operator at each node."""
    name = f"nodes_{secrets.token_hex(4)}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    # Base64 of 32 bytes, as the ring wants it.
    more = {
        "POINTSMAN_DATABASE_URL": postgres_server.rsplit("/", 1)[0] + f"/{name}",
        "POINTSMAN_ENCRYPTION_KEYS": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    }
    folders = [tmp_path_factory.mktemp(one) for one in ("north", "south")]
    north = Installation(
        folders[0], "--no-model", "--workers", "2", POINTSMAN_NODE_NAME="north", **more
    )
    south = Installation(
        folders[1], "--no-model", "--workers", "2", POINTSMAN_NODE_NAME="south", **more
    )
    with north, south:
        yield Operator(north.url, north.api_key), Operator(south.url, north.api_key)


@dataclass
class Switched:
    """An upstream that can be switched off, and counts what of a prompt it has seen before."""

    down: bool = False
    delay: float = 0.0
    under_way: int = 0
    peak: int = 0
    known: dict[str, int] = field(default_factory=dict)
    cached: int = 0

    def __call__(self, asked: Asked) -> Reply:
        if self.down:
            return Json(shapes.error("overloaded"), status=503)
        messages = asked.body["messages"]
        talk = messages[0]["content"]
        self.cached += min(self.known.get(talk, 0), len(messages) - 1)
        self.known[talk] = len(messages)
        return Json(shapes.completion("yes"), delay=self.delay)


def health(operator: Operator, provider: str) -> dict[str, Any]:
    """As one of the node's processes tells it: each time over a new connection."""
    url = f"{operator.url}/api/governance/providers/{provider}/health"
    return dict(httpx.get(url, headers=operator.headers, timeout=10).json()["health"])


def states(operator: Operator, provider: str) -> set[str]:
    """What eight askings hear, most likely of both processes."""
    return {one["state"] for _ in range(8) for one in health(operator, provider)["models"]} or {
        "closed"
    }


def follows(operator: Operator, provider: str) -> bool:
    """Whether all processes of the node know of the override."""
    return all(health(operator, provider)["override"] == "drain" for _ in range(8))


def test_an_opening_is_known_to_all_within_half_a_second(nodes: tuple[Operator, Operator]) -> None:
    north, south = nodes
    sick = Switched(down=True)
    with Upstream(sick) as one, Upstream(Json(shapes.completion("two"))) as two:
        names = [north.provider(one), north.provider(two)]
        targets = [{"provider": name, "model": "m", "priority": n} for n, name in enumerate(names)]
        profile = north.profile(*targets, sticky_sessions=False)
        model = f"{profile['virtual_provider']}/x"
        eventually(lambda: south.ask(model).status_code == 200)
        while "open" not in states(north, names[0]):
            assert north.ask(model).status_code == 200
        opened = time.monotonic()
        eventually(lambda: states(north, names[0]) == {"open"})
        eventually(
            lambda: any(
                (said["node"], said["state"]) == ("north", "open")
                for said in health(south, names[0])["nodes"]
            )
        )
        took = time.monotonic() - opened
        assert took < allowed(1.5), "twice eight askings included"
        before = len(one.asked)
        for _ in range(12):
            assert north.ask(model).status_code == 200
        assert len(one.asked) == before, "no process of the node asks it now"


def test_requests_at_a_time_hold_for_the_node(nodes: tuple[Operator, Operator]) -> None:
    north, _ = nodes
    with Upstream(Switched(delay=0.4)) as one, Upstream(Json(shapes.completion("two"))) as two:
        first = north.provider(one, max_concurrency=3)
        second = north.provider(two)
        profile = north.profile(
            {"provider": first, "model": "m"}, {"provider": second, "model": "m", "priority": 1}
        )
        model = f"{profile['virtual_provider']}/x"
        assert north.ask(model).status_code == 200
        begun = len(one.asked)
        threads = [threading.Thread(target=north.ask, args=(model,)) for _ in range(24)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        times = sorted(asked.at for asked in one.asked[begun:])
        assert times
        for place, at in enumerate(times):
            together = [other for other in times[place:] if other - at < 0.35]
            assert len(together) <= 3


def test_a_drained_provider_is_left_by_all(nodes: tuple[Operator, Operator]) -> None:
    north, south = nodes
    with (
        Upstream(Json(shapes.completion("one"))) as one,
        Upstream(Json(shapes.completion("two"))) as two,
    ):
        names = [north.provider(one), north.provider(two)]
        targets = [{"provider": name, "model": "m", "priority": n} for n, name in enumerate(names)]
        model = f"{north.profile(*targets)['virtual_provider']}/x"
        eventually(lambda: south.ask(model).status_code == 200)
        body = {"state": "drain", "minutes": 5, "reason": "new disks"}
        assert north.api.post(f"/providers/{names[0]}/override", json=body).status_code == 200
        for one_node in nodes:
            eventually(partial(follows, one_node, names[0]))
        before = len(one.asked)
        for operator in (north, south) * 8:
            assert operator.ask(model).json()["choices"][0]["message"]["content"] == "two"
        assert len(one.asked) == before
        (entry,) = north.api.get("/audit", params={"action": "override"}).json()["audit"]
        assert "new disks" in entry["changes"][0]
        assert datetime.fromisoformat(entry["at"]) <= datetime.now(UTC)


@pytest.mark.parametrize("strategy", ["weighted", "ordered_failover", "least_busy"])
@pytest.mark.parametrize(("fails", "least"), [(False, 0.98), (True, 0.95)])
def test_an_agent_of_a_hundred_turns_keeps_its_cache(
    nodes: tuple[Operator, Operator], strategy: str, fails: bool, least: float
) -> None:
    """By turns over both nodes and their processes; its target fails for ten turns and returns."""
    kinds = [Switched() for _ in range(4)]
    served = [Upstream(kind) for kind in kinds]
    for one in served:
        one.__enter__()
    try:
        targets = [{"provider": nodes[0].provider(one), "model": "m"} for one in served]
        model = f"{nodes[0].profile(*targets, strategy=strategy)['virtual_provider']}/x"
        talk = f"{strategy} {fails}"
        eventually(lambda: nodes[1].ask(model).status_code == 200)
        messages: list[dict[str, str]] = []
        for turn in range(TURNS):
            messages.append({"role": "user", "content": talk})
            if fails and turn in (40, 50):
                busiest = max(kinds, key=lambda kind: kind.known.get(talk, 0))
                for kind in kinds:
                    kind.down = turn == 40 and kind is busiest
            answer = nodes[turn % 2].ask(model, messages=messages, prompt_cache_key=talk)
            assert answer.status_code == 200
            time.sleep(0.05)
        ideal = sum(range(TURNS))
        assert sum(kind.cached for kind in kinds) >= least * ideal
    finally:
        for one in served:
            one.__exit__()
