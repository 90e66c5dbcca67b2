"""The Response object around the output: what it echoes of the request, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from inference.values.kept_answer import Keep
from inference.values.usage import Usage, of_openai

_DEFAULTS: Final[dict[str, Any]] = {
    "instructions": None,
    "max_output_tokens": None,
    "max_tool_calls": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "reasoning": {"effort": None, "summary": None},
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
    "truncation": "disabled",
    "user": None,
}
"""Fields of the request that come back in the answer, and what stands there when not given."""

_INCOMPLETE: Final = {"length": "max_output_tokens", "content_filter": "content_filter"}
_NULL: Final = msgspec.Raw(b"null")


def frame(
    fields: Mapping[str, msgspec.Raw], created_at: int, keep: Keep | None = None
) -> dict[str, Any]:
    """A Response without its id, model, status and output. `created_at` is Unix time in seconds."""
    echoed = {
        name: fields[name] if fields.get(name, _NULL) != _NULL else default
        for name, default in _DEFAULTS.items()
    }
    return {
        "object": "response",
        "created_at": created_at,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "previous_response_id": keep.previous if keep is not None else None,
        "store": keep is not None,
        **echoed,
    }


def ended(finish_reason: str) -> dict[str, Any]:
    """Status and details of a Response whose chat completion ended so."""
    reason = _INCOMPLETE.get(finish_reason)
    if reason is None:
        return {"status": "completed"}
    return {"status": "incomplete", "incomplete_details": {"reason": reason}}


def usage_of(usage: Usage | None) -> dict[str, Any] | None:
    """The Responses API's `usage`."""
    if usage is None:
        return None
    return {
        "input_tokens": usage.prompt,
        "input_tokens_details": {
            "cached_tokens": usage.cached,
            "cache_write_tokens": usage.cache_written,
        },
        "output_tokens": usage.completion,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning},
        "total_tokens": usage.total,
    }


def usage_of_chat(usage: Mapping[str, Any]) -> dict[str, Any]:
    """The API's `usage` as that of a chat completion."""
    told = of_openai(usage) or Usage(0, 0)
    return {
        "prompt_tokens": told.prompt,
        "completion_tokens": told.completion,
        "total_tokens": told.total,
        "prompt_tokens_details": {
            "cached_tokens": told.cached,
            "cache_write_tokens": told.cache_written,
        },
        "completion_tokens_details": {"reasoning_tokens": told.reasoning},
    }
