"""How hard to think: OpenAI's effort in a word, Anthropic's budget in tokens or effort.

Anthropic's models up to 4.5 take a budget alone, later ones think adaptively and take an effort
(source: Anthropic's documentation, "Adaptive thinking" and "Effort"). Servers that speak
Anthropic's protocol for other models know the older form.
"""

from __future__ import annotations

import re
from typing import Any, Final

MIN_BUDGET: Final = 1024
"""Tokens; Anthropic refuses less."""

_BUDGETS: Final = {
    "minimal": MIN_BUDGET,
    "low": 2048,
    "medium": 8192,
    "high": 16384,
    "xhigh": 32768,
    "max": 32768,
}
_EFFORTS: Final = {"minimal": "low", **{e: e for e in ("low", "medium", "high", "xhigh", "max")}}
_VERSION: Final = re.compile(r"claude-[a-z]+-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")
"""`claude-opus-4-5-20251101` is 4.5, `claude-sonnet-4-20250514` is 4, `claude-opus-5` is 5."""


def thinks_adaptively(model: str) -> bool:
    """Whether the model is a Claude of 4.6 or later, to which no budget should be given."""
    match = _VERSION.search(model.lower())
    return match is not None and (int(match[1]), int(match[2] or 0)) >= (4, 6)


def thinking_for(effort: str, model: str, max_tokens: int | None) -> dict[str, Any] | None:
    """The fields of Anthropic's request that say `reasoning_effort`; None when they cannot.

    A budget is part of `max_tokens`, so it is kept to half of it. Below the least budget there is
    no thinking. Without `max_tokens` the budget comes on top of what is left for the answer.
    """
    if effort == "none":
        return {"thinking": {"type": "disabled"}}
    if effort not in _EFFORTS:
        return None
    if thinks_adaptively(model):
        return {"thinking": {"type": "adaptive"}, "output_config": {"effort": _EFFORTS[effort]}}
    budget = _BUDGETS[effort]
    if max_tokens is not None:
        budget = min(budget, max_tokens // 2)
    if budget < MIN_BUDGET:
        return None
    return {"thinking": {"type": "enabled", "budget_tokens": budget}}


def effort_for(thinking: dict[str, Any] | None, effort: str | None) -> str | None:
    """OpenAI's `reasoning_effort` for Anthropic's `thinking` and `output_config.effort`.

    None leaves it to the model: that is what adaptive thinking says, and thinking switched off
    has no word that every OpenAI-speaking model knows.
    """
    if effort is not None:
        return effort
    if thinking is None or thinking.get("type") != "enabled":
        return None
    budget = thinking.get("budget_tokens")
    if not isinstance(budget, int) or budget >= _BUDGETS["high"]:
        return "high"
    return "medium" if budget >= _BUDGETS["medium"] else "low"
