"""Token accounting, in one shape for every protocol."""

from __future__ import annotations

from typing import Any

from governance.interactions.record import Usage

__all__ = ["Usage", "of_openai"]


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


def _count(counts: Any, name: str) -> int:
    """A count of tokens, 0 for what is absent or no number: accounting never fails an answer."""
    value = counts.get(name) if isinstance(counts, dict) else None
    return value if isinstance(value, int) and value > 0 else 0
