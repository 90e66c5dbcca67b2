"""The cheapest target comes first, by list prices and by how long answers are."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import permutations

import pytest

from governance.routing.breaker import HEALTHY, HealthStatus, Quiet
from governance.routing.explain import Explained, simulate
from governance.routing.request import Features
from governance.routing.table import ANONYMOUS, ProviderEntry, RoutingTable
from governance.strategies.cheapest import first_probabilities, order
from tests.governance.routing.build import (
    Standings,
    chain,
    cloud,
    plan,
    profile,
    routing_request,
    table,
    target,
)
from tests.governance.strategies.eligible import eligible

PRICES = {"dear": (10.0, 30.0), "wordy": (1.0, 5.0), "cheap": (1.0, 8.0), "reader": (0.1, 40.0)}
"""US dollars for a million tokens of prompt and of answer."""


def cost(provider: ProviderEntry, model: str, prompt: float, answer: float) -> float | None:
    if provider.name not in PRICES:
        return None
    one, other = PRICES[provider.name]
    return (one * prompt + other * answer) / 1e6


class Wordy(Quiet):
    """How long answers were, by provider."""

    def __init__(self, **tokens: float) -> None:
        self.tokens = tokens

    def status(self, provider: str, model: str) -> None:
        return None

    def answer_tokens(self, provider: str, model: str) -> float:
        return self.tokens.get(provider, 0.0)


def where(*names: str) -> RoutingTable:
    targets = [target(name, priority=place) for place, name in enumerate(names)]
    return table(*map(cloud, names), profile(*targets, strategy="cheapest"), expected_cost=cost)


def told(names: tuple[str, ...], health: Quiet | Standings = HEALTHY) -> tuple[Explained, ...]:
    request = routing_request("light/x", features=Features(prompt_tokens=1000))
    return simulate(request, ANONYMOUS, where(*names), health, 0.0, random.Random(1)).candidates


@pytest.mark.parametrize("names", list(permutations(("dear", "wordy", "cheap"))))
def test_whatever_the_order_of_the_rows(names: tuple[str, ...]) -> None:
    found = told(names)
    assert [one.provider for one in found] == ["wordy", "cheap", "dear"]
    assert [one.probability for one in found] == [1.0, 0.0, 0.0]
    assert [one.cost for one in found] == sorted(one.cost or 0 for one in found)
    assert found[0].document()["expected_cost_usd"] == pytest.approx(0.0025)


def test_an_unknown_price_comes_last_and_is_told() -> None:
    found = told(("unknown", "dear", "cheap"))
    assert [one.provider for one in found] == ["cheap", "dear", "unknown"]
    document = found[-1].document()
    assert document["expected_cost_usd"] is None
    assert document["detail"] == "No price of it is known: tried after those with one."


def test_the_prompt_and_the_answer_decide() -> None:
    """A long prompt is cheap at one, a long answer at another; what callers allow is the most."""
    both = where("wordy", "reader")

    def first(prompt: int, limit: int | None = None) -> str:
        asked = routing_request(
            "light/x", features=Features(prompt_tokens=prompt), answer_limit=limit
        )
        return chain(plan(asked, both))[0]

    assert first(100) == "wordy/m"
    assert first(100_000) == "reader/m"
    assert first(1000, limit=5) == "reader/m"


def test_wordy_models_are_known_for_it() -> None:
    assert [one.provider for one in told(("wordy", "cheap"), Wordy(wordy=900, cheap=300))] == [
        "cheap",
        "wordy",
    ]
    unseen = told(("wordy", "cheap"), Wordy(wordy=900))
    assert unseen[0].provider == "wordy", "one that has not answered yet is taken for an average"


def test_a_target_that_fails_comes_after_the_healthy_ones() -> None:
    open_ = Standings({("wordy", "m"): HealthStatus(state="open", until=9.0)})
    found = told(("wordy", "cheap"), open_)
    assert [(one.provider, one.probability) for one in found] == [("cheap", 1.0), ("wordy", 0.0)]
    ramp = Standings({("wordy", "m"): HealthStatus(state="ramp", until=15.0)})
    chances = {one.provider: one.probability for one in told(("wordy", "cheap"), ramp)}
    assert chances == {"wordy": pytest.approx(0.5), "cheap": pytest.approx(0.5)}


def test_equal_prices_keep_the_operators_order() -> None:
    rows = eligible(*(target(name, priority=place) for place, name in enumerate("abc")))
    same = [replace(one, cost=0.1) for one in rows]
    assert list(order(same, HEALTHY, random.Random(1))) == same
    assert first_probabilities([one.target for one in rows]) == [1.0, 0.0, 0.0]
