"""Targets in their fixed order."""

import random
from itertools import permutations

from governance.routing.breaker import HEALTHY
from governance.strategies import STRATEGIES
from tests.governance.routing.build import target
from tests.governance.strategies.eligible import eligible

FIRST = target("a", priority=0, weight=1, position=3)
HEAVIER = target("b", priority=1, weight=5, position=2)
EARLIER = target("c", priority=1, weight=2, position=0)
LATER = target("d", priority=1, weight=2, position=1)


def test_it_goes_by_priority_then_weight_then_position():
    strategy = STRATEGIES["ordered_failover"]
    for targets in permutations((FIRST, HEAVIER, EARLIER, LATER)):
        order = strategy.order(eligible(*targets), HEALTHY, random.Random(1))
        assert [one.target for one in order] == [FIRST, HEAVIER, EARLIER, LATER]
        chances = dict(
            zip(
                [one.provider for one in targets],
                strategy.first_probabilities(targets),
                strict=True,
            )
        )
        assert chances == {"a": 1.0, "b": 0.0, "c": 0.0, "d": 0.0}


def test_it_takes_every_profile():
    assert list(STRATEGIES["ordered_failover"].check({"targets": [{"weight": 0}]})) == []
