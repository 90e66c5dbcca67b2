"""Anthropic's whole message as OpenAI's chat completion."""

from __future__ import annotations

from typing import Any, Final

from inference.translate.chat.thinking_order import placed
from inference.translate.message_counts import Counts
from inference.translate.messages.answer_schema import AnswerBlock, AnswerMessage, StopDetails
from inference.translate.tool_input import text_of

FINISH_REASONS: Final = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "pause_turn": "stop",
    "refusal": "content_filter",
}
_TIERS: Final = {"standard": "default", "priority": "priority"}


def finish_reason(stop_reason: str, *, called: bool) -> str:
    """OpenAI's word for it. An answer that calls ends with its calls, whatever the server says."""
    reason = FINISH_REASONS.get(stop_reason, "stop")
    return "tool_calls" if called and stop_reason == "end_turn" else reason


def completion(message: AnswerMessage, created: int) -> dict[str, Any]:
    """The completion a caller of OpenAI's protocol gets. `created` is Unix time in seconds."""
    whole: dict[str, Any] = {
        "id": message.id,
        "object": "chat.completion",
        "created": created,
        "model": message.model,
        "choices": [_choice(message)],
    }
    counts = message.usage
    if counts is not None:
        whole["usage"] = usage_of(counts)
        tier = _TIERS.get(counts.service_tier or "")
        if tier is not None:
            whole["service_tier"] = tier
    return whole


def _choice(message: AnswerMessage) -> dict[str, Any]:
    blocks = message.content or []
    texts = [block.text for block in blocks if block.type == "text"]
    said: dict[str, Any] = {
        "role": "assistant",
        "content": "".join(texts) if texts else None,
        "refusal": refusal_of(message.stop_reason, message.stop_details),
    }
    thoughts = _thoughts(blocks)
    if thoughts:
        said["reasoning_content"] = "".join(b.thinking for b in blocks if b.type == "thinking")
        said["thinking_blocks"] = thoughts
    calls = [
        tool_call(block.id, block.name, text_of(block.input))
        for block in blocks
        if block.type == "tool_use"
    ]
    if calls:
        said["tool_calls"] = calls
    choice = {
        "index": 0,
        "message": said,
        "logprobs": None,
        "finish_reason": finish_reason(message.stop_reason or "", called=bool(calls)),
    }
    if message.stop_sequence is not None:
        choice["stop_reason"] = message.stop_sequence
    return choice


def _thoughts(blocks: list[AnswerBlock]) -> list[dict[str, Any]]:
    """The thinking blocks, each with its place among what was said."""
    thoughts = []
    said = called = 0
    for block in blocks:
        if block.type in ("thinking", "redacted_thinking"):
            thought = thinking_block(block.type, block.thinking, block.signature, block.data)
            thoughts.append(placed(thought, said, called))
        elif block.type == "text":
            said += len(block.text)
        else:
            called += block.type == "tool_use"
    return thoughts


def tool_call(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    function = {"name": name, "arguments": arguments}
    return {"id": call_id, "type": "function", "function": function}


def thinking_block(kind: str, thinking: str, signature: str, data: str) -> dict[str, Any]:
    """A block as the caller sends it back, for Anthropic to check its signature."""
    if kind == "redacted_thinking":
        return {"type": kind, "data": data}
    return {"type": kind, "thinking": thinking, "signature": signature}


def refusal_of(stop_reason: str | None, details: StopDetails | None) -> str | None:
    """Why the model refused, where Anthropic says it."""
    if stop_reason != "refusal" or details is None:
        return None
    return details.explanation


def usage_of(counts: Counts) -> dict[str, Any]:
    """OpenAI's `usage`, whose prompt counts what came from a cache and what went into it."""
    usage = counts.usage()
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.total,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached,
            "cache_write_tokens": usage.cache_written,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }
