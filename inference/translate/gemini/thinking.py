"""How hard to think: OpenAI's effort as Google's level (from Gemini 3 on) or budget (before).

Source: the Gemini API's guides "Thinking" and "OpenAI compatibility", whose tables these are.
"""

from __future__ import annotations

import re
from typing import Any, Final

_BUDGETS: Final = {"minimal": 1024, "low": 1024, "medium": 8192, "high": 24576}
_HARDER: Final = {"xhigh": "high", "max": "high"}
_VERSION: Final = re.compile(r"gemini-(\d+)(?:\.(\d+))?")
_LEAST_OF_PRO: Final = 128
"""Tokens; Gemini 2.5 Pro always thinks."""


def version_of(model: str) -> tuple[int, int]:
    """`gemini-2.5-flash` is (2, 5); what tells no version counts as the newest."""
    match = _VERSION.search(model.lower())
    return (int(match[1]), int(match[2] or 0)) if match is not None else (99, 0)


def is_signed(model: str) -> bool:
    """Whether the model refuses calls of the turn that come back without a thought signature."""
    return version_of(model) >= (3, 0)


def thinking_for(effort: str, model: str) -> dict[str, Any] | None:
    """`thinkingConfig` for an effort; None where nothing says it."""
    effort = _HARDER.get(effort, effort)
    if effort != "none" and effort not in _BUDGETS:
        return None
    version, pro = version_of(model), "pro" in model
    if version < (2, 5):
        return None
    if version < (3, 0):
        if effort == "none":
            return {"thinkingBudget": _LEAST_OF_PRO if pro else 0}
        return {"thinkingBudget": _BUDGETS[effort], "includeThoughts": True}
    if effort == "none":
        # It cannot be switched off.
        return {"thinkingLevel": "low" if pro else "minimal"}
    if pro and effort == "minimal":
        effort = "low"
    if pro and effort == "medium" and version == (3, 0):
        effort = "high"
    return {"thinkingLevel": effort, "includeThoughts": True}
