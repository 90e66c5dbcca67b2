"""Token accounting, in one shape for every protocol."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from governance.interactions.record import Usage

__all__ = ["MOST", "Usage", "clamped", "of_both", "of_openai", "with_units"]

MOST: Final = 2**31 - 1
"""The largest count a record holds; no answer is that long."""


def of_both(earlier: Usage | None, later: Usage | None) -> Usage | None:
    """What two chunks of one answer tell: the later one, where it does not say 0."""
    if earlier is None or later is None:
        return earlier or later
    prompt = later if later.prompt else earlier
    made = later if later.completion else earlier
    return Usage(
        prompt.prompt, made.completion, prompt.cached, prompt.cache_written, made.reasoning
    )


def of_openai(usage: Any) -> Usage | None:
    """From OpenAI's `usage`: of chat and text completions, embeddings, and the Responses API."""
    if not isinstance(usage, dict):
        return None
    prompt = _count(usage, "prompt_tokens") or _count(usage, "input_tokens")
    completion = _count(usage, "completion_tokens") or _count(usage, "output_tokens")
    read = usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
    made = usage.get("completion_tokens_details") or usage.get("output_tokens_details")
    if not read and not made:
        return Usage(prompt, completion)
    return Usage(
        prompt,
        completion,
        cached=_count(read, "cached_tokens"),
        cache_written=_count(read, "cache_write_tokens"),
        reasoning=_count(made, "reasoning_tokens"),
    )


def with_units(usage: Usage, **units: Any) -> Usage | None:
    """The usage with what is no number or nothing left out; None where nothing is left at all."""
    counted = {name: number for name, value in units.items() if (number := _number(value)) > 0}
    if counted:
        return msgspec.structs.replace(usage, units=counted)
    return usage if usage.total else None


def _number(value: Any) -> float:
    """A number that may come in a text, between 0 and `MOST`; seconds have fractions."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return 0
    if not 0 < number <= MOST:
        return 0
    return int(number) if number.is_integer() else number


def clamped(value: Any) -> int:
    """A count of tokens between 0 and `MOST`, 0 for what is absent or no number.

    Accounting never fails an answer: a count may come as a float, or in a text.
    """
    if type(value) is int and 0 <= value <= MOST:
        return value
    if type(value) is not int:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            return 0
        try:
            value = int(float(value))
        except (ValueError, OverflowError):
            return 0
    return 0 if value < 0 else min(value, MOST)


def _count(counts: Any, name: str) -> int:
    if not isinstance(counts, dict):
        return 0
    return clamped(counts.get(name))
