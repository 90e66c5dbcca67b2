"""How quick something is, measured against what the machine can do at that moment.

A bound in seconds says little where other work shares the machine. Here it is stretched by how
long a fixed piece of work takes just then, beside what it takes on a quiet one.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

TRIES: Final = 5
YARDSTICK_SECONDS: Final = 0.02
"""Of the fixed piece of work on a quiet machine; a faster one stretches nothing."""
ALLOWANCE: Final = 1.5
"""For what the yardstick does not see: a switch between processes at a bad moment."""


def yardstick() -> float:
    """Seconds a fixed piece of work takes now."""
    began = time.perf_counter()
    total = 0
    for number in range(400_000):
        total += number & 7
    assert total
    return time.perf_counter() - began


def allowed(bound: float) -> float:
    """What `bound` seconds of a quiet machine are on this one at this moment."""
    return bound * ALLOWANCE * max(1.0, yardstick() / YARDSTICK_SECONDS)


def is_quick(seconds: Callable[[], float], bound: float) -> bool:
    """Whether what `seconds` tells is below the bound, once in at most five calls.

    A delay from outside (another process, a collection of the test run's own garbage) passes; what
    is too slow by itself is so each time.
    """
    return any(seconds() < allowed(bound) for _ in range(TRIES))
