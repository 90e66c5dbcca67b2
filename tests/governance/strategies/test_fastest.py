"""The quickest target is found soon, and left soon when it becomes slow."""

from __future__ import annotations

import random

import pytest

from governance.routing.breaker import Quiet
from governance.strategies.fastest import EXPLORED, order
from inference.dispatch.latency import Speeds
from inference.values.usage import Usage
from tests.governance.routing.build import target
from tests.governance.strategies.eligible import eligible

ROWS = eligible(*(target(name, priority=place) for place, name in enumerate("abcd")))


class Measured(Quiet):
    """Speeds as a process sees them."""

    def __init__(self) -> None:
        self.speeds = Speeds()

    def status(self, provider: str, model: str) -> None:
        return None

    def seconds(self, provider: str, model: str) -> float:
        return self.speeds.seconds(provider, model)


def play(measured: Measured, times: dict[str, float], count: int, rng: random.Random) -> list[str]:
    chosen = []
    for _ in range(count):
        name = order(ROWS, measured, rng)[0].provider
        measured.speeds.began(name, "m", times[name] * (0.8 + 0.4 * rng.random()))
        chosen.append(name)
    return chosen


@pytest.mark.parametrize("seed", range(8))
def test_it_finds_the_best_and_leaves_it_when_it_slows(seed: int) -> None:
    """Of four within 50 requests; three times slower, it is left within 10."""
    measured, rng = Measured(), random.Random(seed)
    times = {"a": 2.0, "b": 1.5, "c": 0.8, "d": 1.6}
    play(measured, times, 50, rng)
    later = play(measured, times, 100, rng)
    assert later.count("c") > 85
    assert len(set(later)) > 1, "others are tried now and then"
    slow = play(measured, {**times, "c": 2.4}, 60, rng)
    assert slow[10:].count("c") <= 5, "it is tried like the others, no more"


def test_what_nothing_is_known_of_is_tried_first() -> None:
    measured, rng = Measured(), random.Random(1)
    assert set(play(measured, dict.fromkeys("abcd", 1.0), 4, rng)) == set("abcd")


def test_tokens_count_too() -> None:
    """A quick first token is not all: an answer of 200 tokens is compared."""
    measured = Measured()
    measured.speeds.began("a", "m", 0.1)
    measured.speeds.ended("a", "m", 10.0, Usage(1, 101))
    measured.speeds.began("b", "m", 0.5)
    measured.speeds.ended("b", "m", 1.0, Usage(1, 101))
    measured.speeds.ended("c", "m", 1.0, None)
    assert measured.seconds("a", "m") == pytest.approx(20.1)
    assert measured.seconds("b", "m") == pytest.approx(2.5)
    assert measured.seconds("c", "m") == 0.0
    assert 0 < EXPLORED < 1
