"""Simulate agrees with what chat does."""

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.routing.breaker import HEALTHY, HealthStatus
from governance.routing.explain import simulate
from governance.routing.plan import REJECTIONS
from governance.routing.resolve import route
from governance.routing.table import ANONYMOUS
from tests.governance.routing.build import (
    Standings,
    cloud,
    local,
    profile,
    routing_request,
    table,
    target,
)
from tests.governance.routing.strategies import asks, healths, tables, virtual_keys

seeds = st.integers(0, 2**32)


def explained(request, where, health=HEALTHY, seed=0):
    return simulate(request, ANONYMOUS, where, health, 10.0, random.Random(seed))


@settings(max_examples=400)
@given(asks, virtual_keys, tables(), healths, st.floats(0, 20), seeds)
def test_simulate_says_what_route_does(request, virtual_key, where, health, now, seed):
    """Same seed, same chain; and what it says adds up, for any table, request, key and health."""
    plan = route(request, virtual_key, where, health, now, random.Random(seed))
    said = simulate(request, virtual_key, where, health, now, random.Random(seed))
    assert [(one.provider, one.model) for one in said.candidates] == [
        (one.provider.name, one.model) for one in plan.candidates
    ]
    assert (said.refusal is None) == bool(said.candidates)
    assert {one.reason for one in said.rejections} <= set(REJECTIONS)
    targets = {one.target for one in said.candidates} - {None} | {
        one.target for one in said.rejections
    }
    assert targets == set(range(len(plan.profile.targets) if plan.profile else 0))
    if said.candidates:
        assert sum(one.probability for one in said.candidates) == pytest.approx(1.0)
        assert said.primary.probability > 0
    json.dumps(said.document())


@given(asks, virtual_keys, tables(), healths, st.floats(0, 20), seeds, seeds)
def test_another_draw_finds_the_same_candidates(
    request, virtual_key, where, health, now, one, other
):
    """Chance changes the order only, and never puts first what has probability 0."""
    said = simulate(request, virtual_key, where, health, now, random.Random(one))
    plan = route(request, virtual_key, where, health, now, random.Random(other))
    chances = {(c.provider, c.model, c.target): c.probability for c in said.candidates}
    keys = [
        (c.provider.name, c.model, c.target.position if c.target else None) for c in plan.candidates
    ]
    assert set(keys) == set(chances)
    if keys:
        assert chances[keys[0]] > 0


def test_weighted_candidates_carry_their_exact_chances():
    rows = [target(model=f"m{weight}", weight=weight) for weight in (7, 2, 1)]
    where = table(local(), profile(*rows, strategy="weighted"))
    said = explained(routing_request("light/light"), where)
    assert {one.model: one.probability for one in said.candidates} == {
        "m7": 0.7,
        "m2": 0.2,
        "m1": 0.1,
        "tiny": 0.0,
    }


def test_what_cools_down_is_first_by_no_draw():
    """The chances are those among the healthy; the demoted target keeps its place in the chain."""
    rows = [target(model=f"m{weight}", weight=weight) for weight in (7, 2, 1)]
    where = table(local(), profile(*rows, strategy="weighted", local_fallback="never"))
    health = Standings({("mlx", "m7"): HealthStatus("open", until=20.0)})
    said = explained(routing_request("light/light"), where, health)
    chances = {one.model: one.probability for one in said.candidates}
    assert chances == {"m7": 0.0, "m2": pytest.approx(2 / 3), "m1": pytest.approx(1 / 3)}
    assert said.candidates[-1].demoted == "cooling_down"


def test_a_refusal_is_told_with_its_rejections():
    where = table(cloud(), profile(target("openai")), cloud_enabled=False)
    said = explained(routing_request("light/x"), where).document()
    assert said["primary"] is None
    assert said["fallbacks"] == []
    assert said["refusal"]["code"] == "no_candidate"
    assert [one["reason"] for one in said["rejections"]] == ["cloud_routing_disabled"]


def test_nothing_secret_is_told():
    where = table(cloud(api_key="sk-secret"), profile(target("openai")))
    assert "sk-secret" not in json.dumps(explained(routing_request("light/x"), where).document())
