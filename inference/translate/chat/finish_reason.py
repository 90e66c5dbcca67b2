"""Why an answer ended, in the words of chat completions, whatever the server's own are."""

from __future__ import annotations

from typing import Final

_KNOWN: Final = frozenset({"stop", "length", "tool_calls", "content_filter", "function_call"})
_ALIASES: Final = {
    "end_turn": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "max_output_tokens": "length",
    "model_length": "length",
    "tool_use": "tool_calls",
    "tool_call": "tool_calls",
    "safety": "content_filter",
    "recitation": "content_filter",
    "prohibited_content": "content_filter",
    "refusal": "content_filter",
}


def finish_reason_of(told: str | None) -> str:
    """The protocol's word; another one as it came, and nothing for an empty one."""
    if not told or told in _KNOWN:
        return told or ""
    lower = told.lower()
    return lower if lower in _KNOWN else _ALIASES.get(lower, told)
