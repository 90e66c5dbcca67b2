"""How many prompt tokens llama.cpp reads in one step: measured when a model is first loaded.

Others' answers wait for a step, and a caller who left is noticed after it. The step is fixed when
the model is loaded, so a model whose first guess was wrong is loaded again, once; what was measured
is remembered.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any, Final

from inference.local.fitting import fitting
from inference.local.gguf_header import Header
from inference.local.llama_params import cores
from inference.local.llama_sizes import STEP_SECONDS, STEPS, first_step
from inference.local.measured import Measured

FAST_FROM: Final = 64
"""Tokens: llama.cpp has a faster attention for steps of so many."""
_MORE: Final = 1.6
"""By how much a step may be longer for it."""
_NAME: Final = "llama_step"
_PROBE: Final = 64
"""Tokens of the prompt that is measured."""
_CLOSE: Final = 1.4
"""A guess that is off by no more is left as it is."""
_PATIENCE: Final = 10.0
"""Seconds: a model that takes longer to load has the step that was measured at its next load."""


def loaded(header: Header, remembered: Measured, load: Callable[[int], Any]) -> tuple[Any, int]:
    """The server, by `load(step)`, and the step."""
    known = remembered.get(_NAME)
    if known is not None:
        return load(int(known)), int(known)
    guess, began = first_step(header, cores()), time.monotonic()
    server = load(guess)
    took = time.monotonic() - began
    step = measured_step(server)
    remembered.put(_NAME, step)
    if guess / _CLOSE <= step <= guess * _CLOSE or took > _PATIENCE:
        return server, guess
    del server  # its memory goes first
    return load(step), step


def measured_step(server: Any) -> int:
    """Tokens that take STEP_SECONDS of a machine that does nothing else.

    What the processor spends is counted, not the time: whatever else the machine does just now, it
    does not do for ever. On a Mac the graphics processor works.
    """
    wall = sys.platform == "darwin"
    clock = time.perf_counter if wall else time.process_time
    began = clock()
    prompt = {"prompt": [1 + n for n in range(_PROBE)], "max_tokens": 1, "cache_prompt": False}
    server.handle_completions(prompt)
    each = (clock() - began) / (1 if wall else cores()) / _PROBE
    return chosen_step(each)


def chosen_step(seconds_each: float) -> int:
    step = fitting(STEP_SECONDS, 1, seconds_each, *STEPS)
    return FAST_FROM if step < FAST_FROM <= step * _MORE else step
