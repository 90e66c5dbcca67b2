"""What prompts have in common is read once: mlx-lm's cache of keys and values by their tokens.

Of the thread that owns MLX alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import mlx.core as mx
from mlx_lm.models.cache import LRUPromptCache

MOST_BYTES: Final = 512 * 2**20
"""Of all that is kept. A token of a small model takes some 50 KB in 32 bits."""
MOST_PROMPTS: Final = 64
LEAST_TOKENS: Final = 16
"""What is shorter is read as fast as it is looked for."""
_MODEL: Final = ""
"""A worker has one model."""


class ReadPrefix(NamedTuple):
    """The beginning of a prompt that need not be read: how many tokens, and what came of them."""

    tokens: int = 0
    cache: list[Any] | None = None


class PrefixCache:
    """Least recently used goes first once `most_bytes` are exceeded."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._kept = LRUPromptCache(MOST_PROMPTS, most_bytes)

    @property
    def nbytes(self) -> int:
        return int(self._kept.nbytes)

    def find(self, prompt: Sequence[int]) -> ReadPrefix:
        """The longest beginning known, a copy of it; a token at least is left to be read."""
        if len(prompt) <= LEAST_TOKENS:
            return ReadPrefix()
        most = list(prompt[:-1])
        cache, rest = self._kept.fetch_nearest_cache(_MODEL, most)
        known = len(most) - len(rest)
        if cache is None or known < LEAST_TOKENS:
            return ReadPrefix()
        return ReadPrefix(known, cache)

    def keep(self, tokens: Sequence[int], cache: list[Any], *, complete: bool = True) -> None:
        """What was read and drawn, whose cache nobody else uses any more.

        A cache that tells its length knows best how much of `tokens` was computed; one that does
        not is kept only if it was all of them, which `complete` says.
        """
        read = _length(cache) or (len(tokens) if complete else 0)
        if not LEAST_TOKENS <= read <= len(tokens):
            return
        # A part of a batch is a view until it is computed, and would hold all of the batch.
        mx.eval([one.state for one in cache])
        self._kept.insert_cache(_MODEL, list(tokens[:read]), cache)

    def clear(self) -> None:
        """Before the thread ends: MLX's arrays belong to it."""
        self._kept.trim_to(n_sequences=0)


def _length(cache: list[Any]) -> int:
    """0 where a model's cache does not tell, as those of state-space models."""
    lengths = {int(one.offset) for one in cache if hasattr(one, "offset")}
    return lengths.pop() if len(lengths) == 1 else 0
