"""The least busy of a few comes first, for its weight."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from governance.routing.breaker import Quiet
from governance.strategies import STRATEGIES
from governance.strategies.least_busy import order
from tests.governance.routing.build import target
from tests.governance.strategies.eligible import eligible


class Loads(Quiet):
    """Requests under way by provider."""

    def __init__(self) -> None:
        self.under_way: Counter[str] = Counter()

    def status(self, provider: str, model: str) -> None:
        return None

    def load(self, provider: str, model: str) -> int:
        return self.under_way[provider]


@pytest.mark.parametrize("weights", [(1, 1, 1, 1), (4, 2, 1, 1), (8, 4, 2, 1), (3, 1)])
@pytest.mark.parametrize("seed", range(10))
def test_64_streams_on_unequal_targets(weights: tuple[int, ...], seed: int) -> None:
    """The busiest target is done at most a tenth later than if all were spread exactly."""
    names = "abcd"[: len(weights)]
    rows = eligible(*(target(n, weight=w) for n, w in zip(names, weights, strict=True)))
    loads, rng = Loads(), random.Random(seed)
    for _ in range(64):
        loads.under_way[order(rows, loads, rng)[0].provider] += 1
    ideal = 64 / sum(weights)
    slowest = max(loads.under_way[n] / w for n, w in zip(names, weights, strict=True))
    assert slowest <= 1.1 * ideal


def test_the_rest_of_the_chain_is_drawn() -> None:
    rows = eligible(target("a"), target("b"), target("c"), target("z", weight=0))
    for seed in range(20):
        drawn = order(rows, Loads(), random.Random(seed))
        assert sorted(one.provider for one in drawn) == ["a", "b", "c", "z"]
        assert drawn[-1].provider == "z"
    assert STRATEGIES["least_busy"].estimates
