"""Targets drawn by weight."""

import random
from collections import Counter
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.routing.breaker import HEALTHY
from governance.routing.table import Target
from governance.strategies import STRATEGIES
from tests.governance.routing.build import target
from tests.governance.strategies.eligible import eligible

DRAWS = 10_000


def weigh(*weights):
    return [target(f"p{index}", weight=w, position=index) for index, w in enumerate(weights)]


def weighted(targets, rng) -> list[Target]:
    """As a request finds them."""
    order = STRATEGIES["weighted"].order(eligible(*targets), HEALTHY, rng)
    return [one.target for one in order]


@pytest.mark.parametrize("weights", [(1, 1), (70, 20, 10), (5, 3, 1, 1), (0.1, 0.2, 0), (3,)])
def test_each_share_of_first_places_is_its_weight(weights):
    """Over 10,000 seeded draws every share is within 2 points of the weight's."""
    rng = random.Random(20260101)
    targets = weigh(*weights)
    first = Counter(weighted(targets, rng)[0].provider for _ in range(DRAWS))
    for one, weight in zip(targets, weights, strict=True):
        assert first[one.provider] / DRAWS == pytest.approx(weight / sum(weights), abs=0.02)


def test_the_whole_order_is_drawn_in_proportion():
    """Every order of three comes as often as drawing without replacement says."""
    rng = random.Random(7)
    weights = {"p0": 6.0, "p1": 3.0, "p2": 1.0}
    orders = Counter(
        tuple(one.provider for one in weighted(weigh(6, 3, 1), rng)) for _ in range(DRAWS)
    )
    for order in permutations(weights):
        expected, left = 1.0, 10.0
        for name in order:
            expected *= weights[name] / left
            left -= weights[name]
        assert orders[order] / DRAWS == pytest.approx(expected, abs=0.02)


def test_a_draw_from_what_is_left_of_the_order_is_fair_too():
    """Dropping a target after the draw leaves the others in proportion: demotion is fair."""
    rng = random.Random(11)
    first = Counter()
    for _ in range(DRAWS):
        order = [one.provider for one in weighted(weigh(50, 30, 10), rng) if one.provider != "p0"]
        first[order[0]] += 1
    assert first["p1"] / DRAWS == pytest.approx(0.75, abs=0.02)


def test_weight_zero_comes_last_in_fixed_order():
    rng = random.Random(3)
    targets = weigh(0, 1, 0, 2)
    for _ in range(500):
        order = [one.provider for one in weighted(targets, rng)]
        assert order[2:] == ["p0", "p2"]


def test_all_weights_zero_is_the_fixed_order():
    assert weighted(weigh(0, 0), random.Random(0)) == weigh(0, 0)


class Highest:
    """Draws the highest number there is, where rounding could run past the end."""

    def random(self):
        return 1.0 - 2.0**-53


weights_lists = st.lists(
    st.floats(0, 1e6, allow_nan=False) | st.integers(0, 1_000_000), min_size=1, max_size=8
)


@given(weights_lists, st.integers(0, 2**32) | st.none())
def test_an_order_holds_every_target_once(weights, seed):
    rng = Highest() if seed is None else random.Random(seed)
    targets = weigh(*weights)
    assert sorted(one.position for one in weighted(targets, rng)) == list(range(len(targets)))


@given(weights_lists, st.integers(0, 2**32))
def test_chances_of_being_first_add_up_and_exclude_weight_zero(weights, seed):
    targets = weigh(*weights)
    chances = STRATEGIES["weighted"].first_probabilities(targets)
    assert sum(chances) == pytest.approx(1.0)
    first = weighted(targets, random.Random(seed))[0]
    assert chances[first.position] > 0


@pytest.mark.parametrize(
    ("targets", "broken"),
    [
        ([{"weight": 0}, {"weight": 0.0}], True),
        ([{"weight": 0}, {}], False),
        ([{"weight": 0}, {"weight": None}], False),
        ([{"weight": 0}, {"weight": False}], False),
        ([{"weight": 0}, "no target"], False),
        ([{"weight": 0}, {"weight": 0.1}], False),
    ],
)
def test_its_rule_is_that_something_has_a_weight(targets, broken):
    """What has a wrong type is another rule's concern."""
    found = [one.code for one in STRATEGIES["weighted"].check({"targets": targets})]
    assert found == (["weights"] if broken else [])
