"""How many prompt tokens MLX reads at a time, measured once when a model is loaded.

What they take differs a hundredfold: between 4-bit weights on a CPU and 32-bit ones with a fast
BLAS, or a GPU.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import mlx.core as mx
from mlx_lm.models.cache import make_prompt_cache

from inference.local.fitting import fitting

BESIDE_SECONDS: Final = 0.2
"""Answers under way stand still for it."""
ALONE_SECONDS: Final = 0.6
"""Only prompts that come meanwhile wait for it, since a caller who leaves is noticed in a layer."""
_FEW: Final = 4
_GROWTH: Final = 4
_FREE: Final = 1.8
"""Times the time of the few: what takes less is read in any case."""
_TRIES: Final = 3


class PrefillSteps(NamedTuple):
    """Tokens read at a time beside answers that are being drawn, and where there are none."""

    beside: int
    alone: int
    least: int = _FEW
    """Fewer would hardly take less time."""

    def beside_in_time(self, tokens: int, took: float) -> int:
        """How many are read next beside answers, by the seconds that so many took: late in a long
        prompt, and where other work is done, they take several times as long as at its start."""
        least = min(self.least, self.beside)
        return fitting(BESIDE_SECONDS, tokens, took, least, self.beside)


def prefill_steps(model: Any, most: int) -> PrefillSteps:
    on_cpu = mx.default_device() == mx.Device(mx.cpu)

    def seconds(tokens: int) -> float:
        took = [_seconds_of(model, tokens) for _ in range(_TRIES)]
        # A model is loaded while much else starts. What the processors spend is no less than a
        # quiet machine would take: what is above it was waited for.
        return min(min(each) if on_cpu else each[0] for each in took)

    steps = chosen(seconds, most)
    mx.clear_cache()
    return steps


def _seconds_of(model: Any, tokens: int) -> tuple[float, float]:
    """By the clock, and of the processors."""
    cache = make_prompt_cache(model)
    began, spent = time.perf_counter(), time.process_time()
    model(mx.zeros((1, tokens), mx.int32), cache=cache)
    mx.eval([layer.state for layer in cache])
    return time.perf_counter() - began, time.process_time() - spent


def chosen(seconds: Callable[[int], float], most: int) -> PrefillSteps:
    """More and more are tried until they take half of the time. All weights are read for a few
    tokens as for one: as many as cost little more are read in any case."""
    free = tokens = min(_FEW, most)
    few = took = seconds(tokens)
    while tokens < most:
        tokens = min(most, tokens * _GROWTH)
        took = seconds(tokens)
        if took < few * _FREE:
            free = tokens
        elif took >= BESIDE_SECONDS / 2:
            break
    beside, alone = (
        fitting(limit, tokens, took, free, most) for limit in (BESIDE_SECONDS, ALONE_SECONDS)
    )
    return PrefillSteps(beside, alone, free)
