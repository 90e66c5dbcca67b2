"""Whether a batch of callers gets more tokens a second than one caller alone: measured at the first
load of a model.

With 4-bit weights on a CPU each row of a product costs as much as the first, and a batch only makes
everybody wait for the slowest.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from inference.local.generation import Sampling
from inference.local.generators import Generator, Work

LEAST: Final = 0.95
"""Of one caller's tokens a second: a batch that gives less in all is not worth its while."""
_STEPS: Final = 3
_MOST_STEPS: Final = 200
"""Until everybody in a batch writes."""


def batching_gain(generator: Generator, clock: Callable[[], float] = time.perf_counter) -> float:
    """Tokens a second of a full batch, as a multiple of those of one caller."""
    if generator.slots == 1:
        return 1.0
    alone = _seconds_a_step(generator, 1, clock)
    together = _seconds_a_step(generator, generator.slots, clock)
    return generator.slots * alone / max(together, 1e-9)


def _seconds_a_step(generator: Generator, callers: int, clock: Callable[[], float]) -> float:
    """The quickest of some steps in which everybody gets a token."""
    handles = {
        generator.start(Work((0, 1, place), _MOST_STEPS * 2, _GREEDY, None, lambda: False))
        for place in range(callers)
    }
    took: list[float] = []
    for _ in range(_MOST_STEPS):
        began = clock()
        drawn = {token.handle for token in generator.step()}
        if drawn == handles:
            took.append(clock() - began)
        if len(took) == _STEPS:
            break
    for handle in handles:
        generator.cancel(handle)
    if not took:
        raise RuntimeError("a batch did not get going")
    return min(took)


_GREEDY: Final = Sampling(temperature=0.0)
