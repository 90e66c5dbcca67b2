"""Rows are written fast while there is time, and slowly while requests need it."""

from __future__ import annotations

import pytest

from inference.record.pace import FAST, SLOW, SLOWEST, Pace


@pytest.mark.parametrize(
    ("share", "cores", "expected"),
    [
        (0.1, 2, FAST),
        (0.4, 2, FAST),
        (0.8, 2, SLOW),
        (1.6, 2, SLOW),
        (0.4, 1, FAST),
        (0.8, 1, SLOWEST),
    ],
)
def test_the_pace_follows_the_load(share: float, cores: int, expected: int) -> None:
    at = used = 0.0
    pace = Pace(clock=lambda: at, processor=lambda: used, cores=cores)
    at, used = 1.0, share
    assert pace.now() == expected


def test_it_recovers_and_looks_rarely() -> None:
    at = used = 0.0
    looks = 0

    def processor() -> float:
        nonlocal looks
        looks += 1
        return used

    pace = Pace(clock=lambda: at, processor=processor, cores=2)
    at, used = 1.0, 1.0
    assert pace.now() == SLOW
    at = 1.04
    assert pace.now() == SLOW
    at = 2.0
    assert pace.now() == FAST
    assert looks == 3
