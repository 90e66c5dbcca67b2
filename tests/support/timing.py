"""How quick something is, on a machine where other work may delay any single measurement."""

from __future__ import annotations

from collections.abc import Callable

TRIES = 5


def quickest(seconds: Callable[[], float], bound: float) -> float:
    """The least of what `seconds` tells, called until it is below the bound, five times at most.

    A delay from outside (another process, a collection of the test run's own garbage) passes; what
    is too slow by itself is so each time.
    """
    least = seconds()
    for _ in range(TRIES - 1):
        if least < bound:
            break
        least = min(least, seconds())
    return least
