"""One request at a time: the prompt read here, the answer drawn by mlx-lm's own loop."""

from collections.abc import Iterator
from typing import Any

import mlx.core as mx
from mlx_lm.generate import generate_step, generation_stream
from mlx_lm.models.cache import make_prompt_cache

from inference.local.generators import Drawn, Work
from inference.local.layerwise import compute_layers
from inference.local.prefix_cache import PrefixCache
from inference.local.sampling import describe, make_processors, make_sampler


class _Cancelled(Exception):
    """The caller left while the prompt was being read."""


class DirectGenerator:
    """A generator of one slot. `prefill` is the number of prompt tokens read between two looks
    at whether the caller is still there."""

    slots = 1

    def __init__(
        self, model: Any, entropy: Iterator[int], prefill: int, prefixes: PrefixCache
    ) -> None:
        self._model = model
        self._entropy = entropy
        self._prefill = prefill
        self._prefixes = prefixes
        self._read: list[int] = []
        self._cache: list[Any] = []
        self._cached = 0
        self._handle = 0
        self._work: Work | None = None
        self._tokens: Any = None

    def start(self, work: Work) -> int:
        """Begin; the one before must have been cancelled or finished."""
        self._drop()
        self._handle += 1
        self._work = work
        self._cached, cache = self._prefixes.find(work.prompt)
        self._cache = cache or make_prompt_cache(self._model)
        self._read = list(work.prompt)
        self._tokens = self._draw(work, work.prompt[self._cached :])
        return self._handle

    def _draw(self, work: Work, rest: tuple[int, ...]) -> Iterator[Any]:
        """Reads what is new of the prompt but its last token, then draws."""
        self._read_prompt(work, rest[:-1])
        yield from generate_step(
            mx.array(rest[-1:]),
            self._model,
            max_tokens=work.max_tokens,
            sampler=make_sampler(work.sampling, next(self._entropy)),
            logits_processors=make_processors(work, 1) or None,
            prompt_cache=self._cache,
        )

    def _read_prompt(self, work: Work, tokens: tuple[int, ...]) -> None:
        """Chunk by chunk, and within one layer by layer, so that a caller who leaves is noticed
        in a moment. Raises _Cancelled."""
        with mx.stream(generation_stream):
            for at in range(0, len(tokens), self._prefill):
                if work.cancelled():
                    raise _Cancelled
                chunk = mx.array(tokens[at : at + self._prefill])
                self._model(chunk[None], cache=self._cache)
                if not compute_layers(self._cache, work.cancelled):
                    self._read, self._cache = [], []
                    raise _Cancelled
                mx.clear_cache()

    def step(self) -> list[Drawn]:
        """The next token; the first step reads the whole prompt."""
        if self._work is None:
            return []
        try:
            token, logprobs = next(self._tokens)
        except (_Cancelled, StopIteration):
            self._drop()
            return []
        self._read.append(token)
        top = self._work.top_logprobs
        logprob = None if top is None else describe(logprobs, token, top)
        return [Drawn(self._handle, token, logprob, self._cached)]

    def cancel(self, handle: int) -> None:
        """Stop the work under way, if it is this one."""
        if handle == self._handle:
            self._drop()

    def close(self) -> None:
        """Stop whatever is under way."""
        self._drop()

    def _drop(self) -> None:
        if self._work is None:
            return
        self._tokens.close()
        answered = len(self._read) > len(self._work.prompt)
        self._prefixes.keep(self._read, self._cache, complete=answered)
        self._tokens, self._work, self._cache = None, None, []
        mx.clear_cache()
