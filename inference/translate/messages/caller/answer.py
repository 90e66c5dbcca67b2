"""OpenAI's whole chat completion as Anthropic's message."""

from __future__ import annotations

from typing import Any, Final

from inference.translate.chat.thinking_order import own
from inference.translate.hub_answer import Choice, Completion, Said
from inference.translate.sealing import sealed_id
from inference.translate.signature import mark
from inference.translate.tool_input import object_of
from inference.values.usage import Usage, of_openai

STOP_REASONS: Final = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "function_call": "tool_use",
    "content_filter": "refusal",
}
_TIERS: Final = {"default": "standard", "priority": "priority"}
NO_TOKENS: Final[dict[str, Any]] = {"input_tokens": 0, "output_tokens": 0}


def message(whole: Completion, choice: Choice, stops: list[str]) -> dict[str, Any]:
    """The message a caller of Anthropic's protocol gets. `stops` are its stop sequences."""
    said = choice.message or Said()
    calls = said.calls()
    reason, sequence = stop_of(choice, stops, called=bool(calls), refused=bool(said.refusal))
    usage = of_openai(whole.usage)
    counts: dict[str, Any] = counts_of(usage) if usage is not None else dict(NO_TOKENS)
    tier = _TIERS.get(whole.service_tier or "")
    if tier is not None:
        counts["service_tier"] = tier
    return {
        "id": message_id(whole),
        "type": "message",
        "role": "assistant",
        "model": whole.model or "",
        "content": _content(said, message_id(whole)),
        "stop_reason": reason,
        "stop_sequence": sequence,
        "usage": counts,
    }


def _content(said: Said, whole_id: str) -> list[dict[str, Any]]:
    blocks = thoughts_of(said)
    text = said.text() + (said.refusal or "")
    if text:
        blocks.append({"type": "text", "text": text})
    for position, call in enumerate(said.calls()):
        function = call.function
        blocks.append(
            {
                "type": "tool_use",
                "id": sealed_id(call.id or call_id(whole_id, position), call.extra_content),
                "name": (function.name if function is not None else None) or "",
                "input": object_of((function.arguments if function is not None else None) or ""),
            }
        )
    return blocks


def thoughts_of(said: Said) -> list[dict[str, Any]]:
    """Thinking blocks: the signed ones if there are any, else the reasoning under our mark."""
    signed = [
        own(block)
        for block in said.thinking_blocks or ()
        if block.get("signature") or block.get("type") == "redacted_thinking"
    ]
    if signed:
        return signed
    thought, details = said.thought(), said.reasoning_details or []
    if thought:
        return [{"type": "thinking", "thinking": thought, "signature": mark(details)}]
    return [{"type": "redacted_thinking", "data": mark(details)}] if details else []


def stop_of(
    choice: Choice, stops: list[str], *, called: bool, refused: bool
) -> tuple[str, str | None]:
    """Why the model stopped, and the stop sequence it met.

    A forced tool call ends with `stop` at OpenAI, so calls count more than the word for it.
    """
    if refused:
        return "refusal", None
    if choice.finish_reason in (None, "stop") and called:
        return "tool_use", None
    if isinstance(choice.stop_reason, str) and choice.stop_reason in stops:
        return "stop_sequence", choice.stop_reason
    return STOP_REASONS.get(choice.finish_reason or "", "end_turn"), None


def counts_of(usage: Usage) -> dict[str, Any]:
    """Anthropic's `usage`, whose input leaves out what came from a cache or went into it."""
    counts: dict[str, Any] = {
        "input_tokens": max(0, usage.prompt - usage.cached - usage.cache_written),
        "output_tokens": usage.completion,
        "cache_read_input_tokens": usage.cached,
        "cache_creation_input_tokens": usage.cache_written,
    }
    if usage.reasoning:
        counts["output_tokens_details"] = {"thinking_tokens": usage.reasoning}
    return counts


def message_id(whole: Completion) -> str:
    """The upstream's id, so that both sides can be found in its logs."""
    return whole.id or "msg_0"


def call_id(whole_id: str, position: int) -> str:
    """An id for a call whose server gave it none; unique within the conversation."""
    return f"toolu_{whole_id}_{position}"
