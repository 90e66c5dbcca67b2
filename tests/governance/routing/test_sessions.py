"""A session sticks to its target, moves when that fails, and goes back when it is well again."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import pytest

from governance.routing.breaker import HEALTHY, HealthStatus, Quiet
from governance.routing.explain import simulate
from governance.routing.resolve import route
from governance.routing.sessions import Served, session_in
from governance.routing.table import ANONYMOUS, ProviderEntry, RoutingTable, VirtualKey
from inference.dispatch.health import HealthBook
from inference.values.failures import Failure, Outcome
from tests.governance.routing.build import (
    Standings,
    local,
    profile,
    routing_request,
    table,
    target,
)

NAMES = ("a", "b", "c", "d")
DOWN = Failure(Outcome.RETRYABLE, "http_503", "x", 503)


def four(strategy: str, **more: object) -> RoutingTable:
    rows = [target(name, priority=place) for place, name in enumerate(NAMES)]
    return table(
        profile(*rows, strategy=strategy, local_fallback="never", **more), *map(local, NAMES)
    )


def first(
    where: RoutingTable,
    session: str,
    *,
    health=HEALTHY,
    key: VirtualKey = ANONYMOUS,
    seed: int = 0,
    **more: object,
) -> str:
    request = routing_request("light/x", session=session)
    decided = route(request, key, where, health, 1000.0, random.Random(seed), **more)
    return decided.candidates[0].provider.name


def test_weighted_leads_a_session_to_one_target_without_any_memory():
    """The same on every node; of many sessions each target gets its share; keys are apart."""
    where = four("weighted")
    firsts = Counter()
    for number in range(2000):
        session = f"agent-{number}"
        chosen = {first(where, session, seed=seed) for seed in range(2)}
        assert len(chosen) == 1
        firsts.update(chosen)
    assert all(400 < count < 600 for count in firsts.values())
    keys = [VirtualKey(f"key-{number}", "t", frozenset()) for number in range(40)]
    assert len({first(where, "one name", key=key) for key in keys}) > 1


def test_a_target_that_leaves_moves_only_its_own_sessions():
    where = four("weighted")
    gone = Standings({("a", "m"): HealthStatus("open", until=9999.0)})
    for number in range(200):
        before = first(where, f"agent-{number}")
        after = first(where, f"agent-{number}", health=gone)
        assert after == before or before == "a"


def test_an_operator_can_switch_it_off_and_without_a_session_nothing_sticks():
    off = four("weighted", sticky_sessions=False)
    assert len({first(off, "agent", seed=seed) for seed in range(40)}) > 1
    assert len({first(four("weighted"), "", seed=seed) for seed in range(40)}) > 1


def test_the_simulation_says_so():
    request = routing_request("light/x", session="agent")
    told = simulate(request, ANONYMOUS, four("weighted"), HEALTHY, 0.0, random.Random(0))
    assert told.sticky == "hash"
    assert [one.probability for one in told.candidates] == [1.0, 0.0, 0.0, 0.0]


@dataclass
class Seen(Quiet):
    """Who served sessions, and when targets recovered."""

    who: Served | None = None
    back: dict[tuple[str, str], float] = field(default_factory=dict)

    def served(self, session: str) -> Served | None:
        return self.who

    def recovered(self, provider: str, model: str) -> float:
        return self.back.get((provider, model), 0.0)


@pytest.mark.parametrize(
    ("since", "recovered", "chosen"),
    [
        (900.0, 0.0, "b"),
        (600.0, 0.0, "a"),
        (600.0, 800.0, "b"),
        (100.0, 699.0, "a"),
    ],
)
def test_the_first_target_gets_its_sessions_back_once_it_is_well(since, recovered, chosen):
    """After `return_after` of health, counted from its recovery and from when it lost them."""
    seen = Seen(Served("b", "m", since), {("a", "m"): recovered})
    assert first(four("ordered_failover"), "agent", sessions=seen) == chosen


def test_a_session_leaves_a_target_that_fails():
    seen = Seen(Served("b", "m", 990.0))
    sick = Standings({("b", "m"): HealthStatus("open", until=9999.0)})
    where = four("ordered_failover")
    assert first(where, "agent", sessions=seen) == "b"
    assert first(where, "agent", sessions=seen, health=sick) == "a"


class Upstreams:
    """Four that cache the prompts they have seen, and count what of the next one they know."""

    def __init__(self) -> None:
        self.known: dict[str, int] = defaultdict(int)
        self.cached = 0

    def take(self, name: str, tokens: int) -> None:
        self.cached += self.known[name]
        self.known[name] = tokens


@dataclass
class Process:
    """One web process: what it holds against providers, and who served its sessions."""

    clock: list[float]

    def __post_init__(self) -> None:
        self.book = HealthBook(rng=random.Random(1), clock=lambda: self.clock[0])

    def ask(self, where: RoutingTable, upstreams: Upstreams, tokens: int, down: str) -> None:
        request = routing_request("light/x", session="agent")
        now = self.clock[0]
        plan = route(request, ANONYMOUS, where, self.book, now, random.Random(now), self.book)
        for one in plan.candidates:
            entry: ProviderEntry = one.provider
            permit = self.book.acquire(entry, one.model)
            assert permit is not None
            self.book.release(permit, DOWN if one.provider.name == down else None)
            if one.provider.name != down:
                upstreams.take(one.provider.name, tokens)
                if plan.remembers:
                    assert plan.profile is not None
                    session = session_in(plan.profile, ANONYMOUS, request.session)
                    self.book.sessions.note(session, one.provider.name, one.model)
                return


def share(made: list[Process]) -> None:
    """What the processes of a node tell one another, at once."""
    for one in made:
        while one.book.sessions.news:
            told = one.book.sessions.news.popleft()
            for other in made:
                other.book.sessions.hear(told)


@pytest.mark.parametrize(
    ("strategy", "processes"),
    [
        ("weighted", 8),
        ("ordered_failover", 1),
        *((name, 8) for name in ("ordered_failover", "least_busy", "fastest", "cheapest")),
    ],
)
@pytest.mark.parametrize(("fails", "least"), [(False, 0.98), (True, 0.95)])
def test_an_agent_of_a_hundred_turns_keeps_its_cache(strategy, processes, fails, least):
    """By turns over all processes of two nodes; one target fails for ten turns and returns."""
    where, clock, upstreams = four(strategy), [1000.0], Upstreams()
    made = [Process(clock) for _ in range(processes)]
    own = first(where, "agent")
    ideal = 0
    for turn in range(100):
        clock[0] += 5.0
        down = own if fails and 40 <= turn < 50 else ""
        made[turn % processes].ask(where, upstreams, (turn + 1) * 500, down)
        for node in (made[: processes // 2], made[processes // 2 :]):
            share(node)
        ideal += turn * 500
    assert upstreams.cached >= least * ideal


@pytest.mark.parametrize("sticky", [True, False])
def test_a_plan_that_is_used_again_is_the_same_for_every_session(sticky: bool):
    """As on a table that nobody has asked before; only whether there is a session counts."""
    where = four("ordered_failover", sticky_sessions=sticky)
    given = []
    for session in ("one", "two", "", "one"):
        request = routing_request("light/x", session=session)
        plans = [
            route(request, ANONYMOUS, one, HEALTHY, 1000.0, random.Random(0))
            for one in (where, four("ordered_failover", sticky_sessions=sticky))
        ]
        again, anew = (plan._replace(repeats=False) for plan in plans)
        assert again == anew
        assert again.remembers is (sticky and bool(session))
        given.append(plans[0])
    assert given[0] is given[1] is given[3]
    assert given[0].repeats
