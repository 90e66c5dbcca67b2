"""How many prompt tokens MLX reads at a time, measured once when a model is loaded.

Others' answers wait for such a step, and a caller who left is noticed after it. What it takes
differs a hundredfold: between 4-bit weights on a CPU and 32-bit ones with a fast BLAS, or a GPU.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import mlx.core as mx
from mlx_lm.models.cache import make_prompt_cache

STEP_SECONDS: Final = 0.2
LEAST: Final = 4
_FEW, _MANY = 4, 64
_QUICK: Final = 0.05
"""Seconds for the few: then the many tell more, since large products are faster by the token."""


def prefill_step(model: Any, most: int, clock: Callable[[], float] = time.perf_counter) -> int:
    """Tokens that take about STEP_SECONDS; at most `most`."""

    def seconds(tokens: int) -> float:
        best = float("inf")
        for _ in range(2):
            cache = make_prompt_cache(model)
            began = clock()
            model(mx.zeros((1, tokens), mx.int32), cache=cache)
            mx.eval([layer.state for layer in cache])
            best = min(best, clock() - began)
        return best

    each = seconds(_FEW) / _FEW
    if each * _FEW < _QUICK:
        each = min(each, seconds(min(_MANY, most)) / min(_MANY, most))
    mx.clear_cache()
    return chosen(each, most)


def chosen(seconds_each: float, most: int) -> int:
    return max(min(LEAST, most), min(most, int(STEP_SECONDS / max(seconds_each, 1e-9))))
