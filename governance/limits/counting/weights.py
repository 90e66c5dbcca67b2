"""Tokens as a limit counts them. PURE."""

from __future__ import annotations

from governance.limits.limit import LimitEntry
from governance.limits.measure import Consumption


def weighted(limit: LimitEntry, used: Consumption) -> float:
    """Tokens by the weights of their kinds."""
    cached, reasoning = used.cached_tokens, used.reasoning_tokens
    return (
        max(0, used.prompt_tokens - cached) * limit.weight_input
        + cached * limit.weight_cached
        + max(0, used.completion_tokens - reasoning) * limit.weight_output
        + reasoning * limit.weight_reasoning
    )
