"""Rows are written fast while there is time, and slowly while requests need it."""

from __future__ import annotations

import pytest

from inference.recording.pace import FAST, SLOW, Pace


@pytest.mark.parametrize(
    ("share", "expected"), [(0.1, FAST), (0.4, FAST), (0.8, SLOW), (1.6, SLOW)]
)
def test_the_pace_follows_the_load(share: float, expected: int) -> None:
    at = used = 0.0
    pace = Pace(clock=lambda: at, processor=lambda: used)
    at, used = 1.0, share
    assert pace.now() == expected


def test_it_recovers_and_looks_rarely() -> None:
    at = used = 0.0
    looks = 0

    def processor() -> float:
        nonlocal looks
        looks += 1
        return used

    pace = Pace(clock=lambda: at, processor=processor)
    at, used = 1.0, 1.0
    assert pace.now() == SLOW
    at = 1.1
    assert pace.now() == SLOW
    at = 2.0
    assert pace.now() == FAST
    assert looks == 3
