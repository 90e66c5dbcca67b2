"""Google's answers as OpenAI's chat completion: chunk by chunk, or all of it."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.translate import upstream_errors
from inference.translate.gemini.answer_schema import (
    GeminiCall,
    GeminiCandidate,
    GeminiPart,
    Generated,
)
from inference.translate.tool_input import legal_id
from inference.values.failures import Failure, Outcome, broken
from inference.values.usage import Usage

Chunk = dict[str, Any]

FINISH_REASONS: Final = {
    "STOP": "stop",
    "MAX_TOKENS": "length",
    **dict.fromkeys(
        (
            *("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE"),
            *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
        ),
        "content_filter",
    ),
}
_FAILED: Final = frozenset(
    {
        *("MALFORMED_FUNCTION_CALL", "MALFORMED_RESPONSE", "UNEXPECTED_TOOL_CALL"),
        *("TOO_MANY_TOOL_CALLS", "MISSING_THOUGHT_SIGNATURE"),
    }
)
"""The model wrote no answer that could be read; asked again, or another one, it may."""


class GeminiChunks:
    """Turns one answer after the other into chunks. Holds the state of one stream."""

    __slots__ = ("_calls", "_created", "_frame", "committed", "failure", "finish_reason", "model",
                 "usage")  # fmt: skip

    def __init__(self, created: int) -> None:
        self.committed = False
        self.failure: Failure | None = None
        self.usage: Usage | None = None
        self.model = ""
        self.finish_reason = ""
        self._created = created
        self._frame: Chunk = {}
        self._calls = 0

    def of(self, said: Generated) -> list[Chunk]:
        """The chunks of one answer. Sets `failure` where it holds none."""
        if said.usageMetadata is not None:
            self.usage = said.usageMetadata.usage()
        chunks = [] if self._frame else [self._begin(said)]
        if not said.candidates:
            self._blocked(said)
            return chunks if self.failure is None else []
        candidate = said.candidates[0]
        for part in candidate.parts:
            delta = self._delta(part)
            if delta:
                self.committed = True
                chunks.append(self._chunk(delta))
        if candidate.finishReason:
            chunks += self._finish(candidate)
        return chunks

    def usage_chunk(self) -> Chunk:
        return {**self._frame, "choices": [], "usage": usage_of(self.usage or Usage(0, 0))}

    def _begin(self, said: Generated) -> Chunk:
        self.model = said.modelVersion
        self._frame = {
            "id": said.responseId or f"gen-{self._created}",
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": self.model,
        }
        return self._chunk({"role": "assistant", "content": ""})

    def _delta(self, part: GeminiPart) -> dict[str, Any]:
        if part.functionCall is not None:
            return {"tool_calls": [self._call(part.functionCall, part.thoughtSignature)]}
        if not part.text:
            return {}
        return {"reasoning_content" if part.thought else "content": part.text}

    def _call(self, call: GeminiCall, signature: str) -> dict[str, Any]:
        number = self._calls
        self._calls += 1
        google = {"thought_signature": signature, "id": call.id}
        kept = {name: value for name, value in google.items() if value}
        told: dict[str, Any] = {
            "index": number,
            # Unique in the conversation, also where the model names its calls by number.
            "id": legal_id(call.id or f"call_{self._frame['id']}_{number}"),
            "type": "function",
            "function": {
                "name": call.name,
                "arguments": msgspec.json.encode(call.args or {}).decode(),
            },
        }
        return {**told, "extra_content": {"google": kept}} if kept else told

    def _finish(self, candidate: GeminiCandidate) -> list[Chunk]:
        reason = candidate.finishReason
        if reason in _FAILED:
            self.failure = broken("model_failed", "The provider's model wrote no valid answer.")
            return []
        told = FINISH_REASONS.get(reason, "stop")
        if told == "stop" and not self.committed:
            self.failure = upstream_errors.no_answer()
            return []
        self.committed = True
        self.finish_reason = "tool_calls" if self._calls and told == "stop" else told
        said = candidate.finishMessage if told == "content_filter" else ""
        return [self._chunk({"refusal": said} if said else {}, self.finish_reason)]

    def _blocked(self, said: Generated) -> None:
        """The prompt was refused. A chunk with neither is about usage alone."""
        reason = said.promptFeedback.blockReason if said.promptFeedback is not None else ""
        if reason:
            message = f"The prompt was blocked: {reason}."
            error = {"error": {"code": 400, "message": message, "status": "content_filter"}}
            self.failure = Failure(
                Outcome.CALLERS_FAULT,
                "content_filter",
                "The provider's content filter refused the request.",
                400,
                msgspec.json.encode(error),
            )

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> Chunk:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**self._frame, "choices": [choice]}


def usage_of(usage: Usage) -> dict[str, Any]:
    """OpenAI's `usage`."""
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.total,
        "prompt_tokens_details": {"cached_tokens": usage.cached, "cache_write_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }
