"""A long prompt, read into llama.cpp's cache a portion at a time before it is answered.

llama.cpp fills its steps with one prompt until that is read: others wait behind it, and a caller
who left is noticed after the step that follows the one under way. A portion is a request of its
own, which reads a step's tokens more and writes nothing: after it others have their turn, and
nothing more is read for who is gone.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any, Final

from inference.local.fitting import fitting
from inference.local.generation import InvalidGeneration
from inference.local.llama_sizes import STEP_SECONDS, STEPS
from inference.local.wire import Json

_PAYS: Final = 2
"""Steps: a prompt of which fewer are new is read in one piece."""


class PromptReader:
    """Of one model. `step` is what llama.cpp reads at a time, in tokens. While `crowded` says that
    others are served or wait, about half of that is read, and less where it takes longer than a
    step should: the same tokens take twice as long when some thousand were read before."""

    def __init__(
        self,
        server: Any,
        step: int,
        crowded: Callable[[], bool],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._server = server
        self._step = step
        self._least = min(step, STEPS[0])
        self._beside = max(self._least, step // 2)
        self._crowded = crowded
        self._clock = clock

    def reading(self, tokens: Callable[[], Sequence[int]] | None) -> PromptReading:
        return PromptReading(self, tokens)

    def pays(self, progress: Json) -> bool:
        return bool(progress["total"] - progress["cache"] > _PAYS * self._step)

    def read(self, tokens: Sequence[int], done: int, alive: Callable[[], bool]) -> None:
        """Leaves the last portion to who answers. Its first step is under way when this is called.
        `alive` is asked before each portion, whether anybody still waits for the answer."""
        done += self._step
        beside = self._beside
        while alive():
            size = beside if self._crowded() else self._step
            done += size
            if done >= len(tokens):
                return
            portion = {"prompt": list(tokens[:done]), "max_tokens": 0, "cache_prompt": True}
            began = self._clock()
            if "choices" not in self._server.handle_completions(portion):
                return  # who answers is told why
            took = self._clock() - began
            beside = fitting(STEP_SECONDS, size, took, self._least, self._beside)


class PromptReading:
    """Of one prompt. `tokens` are asked for once it turns out to be long; None: it has others than
    text."""

    def __init__(self, reader: PromptReader, tokens: Callable[[], Sequence[int]] | None) -> None:
        self._reader = reader
        self._tokens = tokens
        self._first: Json | None = None
        self.interrupted = False

    def begins(self, progress: Json) -> bool:
        """The prompt's first step has begun; True: let go of it, and call `read`."""
        if self._first is None:
            self._first = progress
            self.interrupted = self._tokens is not None and self._reader.pays(progress)
            return self.interrupted
        return False

    def read(self, alive: Callable[[], bool]) -> None:
        """All of it but the last portion, or nothing where the tokens are not llama.cpp's own."""
        assert self._tokens is not None
        assert self._first is not None
        try:
            tokens = self._tokens()
        except InvalidGeneration:
            return
        if len(tokens) == self._first["total"]:
            self._reader.read(tokens, self._first["cache"], alive)

    def mend(self, usage: Json) -> None:
        """What was read in portions did not come out of the cache."""
        if self.interrupted and self._first is not None:
            usage["prompt_tokens_details"]["cached_tokens"] = self._first["cache"]
