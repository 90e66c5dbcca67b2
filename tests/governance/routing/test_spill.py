"""A local target whose queue is long lets the next one go first."""

from __future__ import annotations

import random

import pytest

from governance.routing.breaker import HealthStatus
from governance.routing.explain import explain, simulate
from governance.routing.plan import Plan
from governance.routing.table import ANONYMOUS
from tests.governance.routing.build import (
    Standings,
    chain,
    cloud,
    local,
    plan,
    profile,
    routing_request,
    table,
    target,
)


class Waits(Standings):
    """How long a request would wait, by provider."""

    def __init__(self, waits: dict[str, float], statuses: dict[str, str] | None = None) -> None:
        held = {
            (name, "m"): HealthStatus(state=state, until=99.0)
            for name, state in (statuses or {}).items()
        }
        super().__init__(held)
        self.waits = waits

    def wait(self, provider: str, model: str) -> float:
        return self.waits.get(provider, 0.0)


def decide(health: Waits, *names: str, spill_after: float | None = 2.0, **more: object) -> Plan:
    providers = [local(name) if name.startswith("mlx") else cloud(name) for name in names]
    targets = [target(name, priority=place) for place, name in enumerate(names)]
    rows = profile(*targets, local_fallback="never", spill_after=spill_after, **more)
    return plan(routing_request("light/x"), table(*providers, rows), health=health)


@pytest.mark.parametrize(
    ("wait", "spill_after", "first"),
    [(3, 2, "lab"), (2, 2, "mlx"), (0.1, 0, "lab"), (0, 0, "mlx"), (99, None, "mlx")],
)
def test_it_works(wait: float, spill_after: float | None, first: str) -> None:
    decided = decide(Waits({"mlx": wait}), "mlx", "lab", spill_after=spill_after)
    assert chain(decided)[0] == f"{first}/m"
    assert len(decided.candidates) == 2, "it is tried all the same"


def test_the_verdict_and_the_simulation_say_so() -> None:
    decided = decide(Waits({"mlx": 12.34}), "mlx", "lab")
    found = explain(decided).candidates
    assert [(one.provider, one.probability, one.demoted) for one in found] == [
        ("lab", 1.0, None),
        ("mlx", 0.0, "spilled"),
    ]
    assert found[1].document()["detail"] == (
        "A request would wait about 12.3 s in its queue, so the next one goes first."
    )
    assert "detail" not in found[0].document()


def test_only_what_is_local_has_a_queue_of_ours() -> None:
    assert chain(decide(Waits({"lab": 99}), "lab", "mlx"))[0] == "lab/m"


def test_with_nobody_to_spill_to_it_stays_where_it_is() -> None:
    alone = decide(Waits({"mlx": 99}), "mlx")
    assert (chain(alone), alone.verdicts[0].demoted) == (["mlx/m"], None)
    all_wait = decide(Waits({"mlx": 99, "mlx2": 50}), "mlx", "mlx2")
    assert chain(all_wait) == ["mlx/m", "mlx2/m"]
    failing = decide(Waits({"mlx": 99}, {"lab": "open"}), "mlx", "lab")
    assert chain(failing) == ["mlx/m", "lab/m"], "one that waits comes before one that fails"
    assert [one.demoted for one in failing.verdicts] == [None, "cooling_down"]


def test_shares_are_those_of_the_others() -> None:
    rows = [target("mlx", weight=5), target("lab", weight=3), target("far", weight=1)]
    where = table(
        *(local("mlx"), cloud("lab"), cloud("far")),
        profile(*rows, strategy="weighted", spill_after=1.0, local_fallback="never"),
    )
    request, health = routing_request("light/x"), Waits({"mlx": 5})
    found = simulate(request, ANONYMOUS, where, health, 0.0, random.Random(1))
    chances = {one.provider: one.probability for one in found.candidates}
    assert chances == {"mlx": 0.0, "lab": 0.75, "far": 0.25}
