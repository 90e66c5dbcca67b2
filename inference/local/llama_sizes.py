"""PURE: how much llama.cpp is given: cells of its cache, and prompt tokens read in one step."""

from __future__ import annotations

from typing import Final

from inference.local.gguf_header import Header

CACHE_BYTES: Final = 512 * 2**20
"""The key-value cache that all callers share takes at most about this, or one whole context."""
PARAMETERS_PER_STEP: Final = 3e9
"""Weights times tokens that a core multiplies in about a fifth of a second: the first guess, before
the model at hand is measured."""
STEPS: Final = (16, 512)
"""Tokens of the smallest step and of the largest."""
STEP_SECONDS: Final = 0.2
"""Shorter ones make long prompts slower, most of all where other work keeps the cores busy: the
threads wait for one another after every layer, however few the tokens are."""


def cache_tokens(header: Header, context: int, slots: int) -> int:
    """Cells of the cache: every caller's whole context where memory allows, one at the least."""
    each = max(header.cache_bytes_per_token, 1)
    return min(slots * context, max(context, CACHE_BYTES // each))


def first_step(header: Header, cores: int) -> int:
    """Prompt tokens in one step, as far as they can be told before the model is loaded."""
    weights = 1 + sum(tensor.count for tensor in header.tensors)
    step = int(cores * PARAMETERS_PER_STEP / weights)
    return max(STEPS[0], min(STEPS[1], step))


def memory_bytes(header: Header, file_bytes: int, slots: int = 8) -> int:
    """What a worker is expected to take: weights, and the cache it makes at once."""
    cells = cache_tokens(header, header.context_length, slots)
    return file_bytes + cells * header.cache_bytes_per_token
