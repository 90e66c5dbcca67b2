"""Converse's answers as Anthropic's: a message, or the events of one."""

from __future__ import annotations

from typing import Any, Final

from inference.translate.bedrock.framed import Event, named
from inference.translate.signature import UNSIGNED
from inference.values.failures import Failure, broken

STOP_REASONS: Final = {
    "guardrail_intervened": "refusal",
    "content_filtered": "refusal",
}
"""Those that Anthropic calls otherwise."""
_FAILED: Final = frozenset({"malformed_model_output", "malformed_tool_use"})
_NO_TOKENS: Final = {"input_tokens": 0, "output_tokens": 0}
_COUNTS: Final = {
    "inputTokens": "input_tokens",
    "outputTokens": "output_tokens",
    "cacheReadInputTokens": "cache_read_input_tokens",
    "cacheWriteInputTokens": "cache_creation_input_tokens",
}


def usage_of(counts: dict[str, Any]) -> dict[str, Any]:
    return {name: counts[given] for given, name in _COUNTS.items() if counts.get(given) is not None}


def message_of(document: dict[str, Any], model: str, number: int) -> Event | Failure:
    """Anthropic's message; `number` makes its id. Raises `KeyError` and the like."""
    reason = document["stopReason"]
    if reason in _FAILED:
        return broken("model_failed", "The provider's model wrote no valid answer.")
    content = document["output"]["message"]["content"]
    return {
        "id": f"msg_{number:x}",
        "type": "message",
        "role": "assistant",
        "model": model,
        "content": [said for block in content if (said := _block(block)) is not None],
        "stop_reason": STOP_REASONS.get(reason, reason),
        "stop_sequence": None,
        "usage": {**_NO_TOKENS, **usage_of(document.get("usage") or {})},
    }


def _block(block: dict[str, Any]) -> Event | None:
    if "text" in block:
        return {"type": "text", "text": block["text"]}
    if "toolUse" in block:
        use = block["toolUse"]
        return {
            "type": "tool_use",
            "id": use["toolUseId"],
            "name": use["name"],
            "input": use.get("input") or {},
        }
    thought = block.get("reasoningContent")
    if thought is None:
        return None
    if "redactedContent" in thought:
        return {"type": "redacted_thinking", "data": thought["redactedContent"]}
    text = thought["reasoningText"]
    signature = text.get("signature") or UNSIGNED
    return {"type": "thinking", "thinking": text["text"], "signature": signature}


class ConversedEvents:
    """The events of one stream. Blocks of text and of reasoning begin with their first piece."""

    def __init__(self, model: str, number: int) -> None:
        self._model = model
        self._number = number
        self._open: dict[int, str] = {}
        """The types of blocks that have begun."""
        self._signed: set[int] = set()
        self._stop = ""
        self._ended = False

    def of(self, name: str, payload: dict[str, Any]) -> bytes:
        if name == "messageStart":
            return self._begin()
        if name == "contentBlockStart":
            return self._start(payload["contentBlockIndex"], payload["start"])
        if name == "contentBlockDelta":
            return self._delta(payload["contentBlockIndex"], payload["delta"])
        if name == "contentBlockStop":
            return self._close(payload["contentBlockIndex"])
        if name == "messageStop":
            self._stop = str(payload["stopReason"])
            if self._stop in _FAILED:
                raise ValueError(self._stop)
            return b""
        if name == "metadata" and self._stop:
            return self._end(usage_of(payload.get("usage") or {}))
        return b""

    def end(self) -> bytes:
        """A stream that stopped without its usage has stopped all the same."""
        return self._end({}) if self._stop and not self._ended else b""

    def _begin(self) -> bytes:
        message: Event = {
            "id": f"msg_{self._number:x}",
            "type": "message",
            "role": "assistant",
            "model": self._model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": _NO_TOKENS,
        }
        return named({"type": "message_start", "message": message})

    def _start(self, index: int, start: dict[str, Any]) -> bytes:
        use = start.get("toolUse")
        if use is None:
            return b""
        block = {"type": "tool_use", "id": use["toolUseId"], "name": use["name"], "input": {}}
        return self._opened(index, block)

    def _opened(self, index: int, block: Event) -> bytes:
        self._open[index] = block["type"]
        return named({"type": "content_block_start", "index": index, "content_block": block})

    def _delta(self, index: int, delta: dict[str, Any]) -> bytes:
        if "text" in delta:
            out = self._started(index, {"type": "text", "text": ""})
            return out + _piece(index, {"type": "text_delta", "text": delta["text"]})
        if "toolUse" in delta:
            text = delta["toolUse"]["input"]
            return _piece(index, {"type": "input_json_delta", "partial_json": text})
        thought = delta.get("reasoningContent")
        if thought is None:
            return b""
        if "redactedContent" in thought:
            block = {"type": "redacted_thinking", "data": thought["redactedContent"]}
            return self._started(index, block)
        out = self._started(index, {"type": "thinking", "thinking": "", "signature": ""})
        if thought.get("signature"):
            self._signed.add(index)
            signed = {"type": "signature_delta", "signature": thought["signature"]}
            return out + _piece(index, signed)
        return out + _piece(index, {"type": "thinking_delta", "thinking": thought["text"]})

    def _started(self, index: int, block: Event) -> bytes:
        return b"" if index in self._open else self._opened(index, block)

    def _close(self, index: int) -> bytes:
        kind = self._open.get(index)
        if kind is None:
            return b""
        out = b""
        if kind == "thinking" and index not in self._signed:
            out = _piece(index, {"type": "signature_delta", "signature": UNSIGNED})
        return out + named({"type": "content_block_stop", "index": index})

    def _end(self, usage: dict[str, Any]) -> bytes:
        self._ended = True
        reason = STOP_REASONS.get(self._stop, self._stop)
        delta = {"stop_reason": reason, "stop_sequence": None}
        told: Event = {"type": "message_delta", "delta": delta, "usage": {**_NO_TOKENS, **usage}}
        return named(told) + named({"type": "message_stop"})


def _piece(index: int, delta: Event) -> bytes:
    return named({"type": "content_block_delta", "index": index, "delta": delta})
