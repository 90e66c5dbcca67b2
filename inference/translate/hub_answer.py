"""OpenAI's chat answers as a translation reads them: chunks of a stream, and whole completions."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.translate.lenient import LenientDecoder
from inference.translate.reasoning_details import text_of


class CalledFunction(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class AnsweredToolCall(msgspec.Struct):
    index: int | None = None
    """Only in chunks; servers that send each call whole leave it out."""
    id: str | None = None
    function: CalledFunction | None = None
    extra_content: dict[str, Any] | None = None
    """Gemini's thought signature, which it wants back with the call."""


class Piece(msgspec.Struct):
    """A part of a content that comes as a list (Mistral's reasoning models send it so)."""

    type: str = "text"
    text: str = ""
    thinking: list[dict[str, Any]] | None = None


class Said(msgspec.Struct):
    """A whole message, or what a chunk adds to it."""

    content: str | list[Piece] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    thinking_blocks: list[dict[str, Any]] | None = None
    reasoning_details: list[dict[str, Any]] | None = None
    tool_calls: list[AnsweredToolCall] | None = None
    function_call: CalledFunction | None = None

    def text(self) -> str:
        if self.content is None or isinstance(self.content, str):
            return self.content or ""
        return "".join(piece.text for piece in self.content if piece.type == "text")

    def thought(self) -> str:
        """Reasoning, wherever the server puts it."""
        told = self.reasoning_content or self.reasoning
        if not told and self.reasoning_details:
            told = text_of(self.reasoning_details)
        if told or not isinstance(self.content, list):
            return told or ""
        parts = [part for piece in self.content for part in piece.thinking or ()]
        return "".join(str(part.get("text", "")) for part in parts)

    def calls(self) -> list[AnsweredToolCall]:
        """Tool calls, or the one of the deprecated form.

        Some servers put an empty stub of that form beside everything they say.
        """
        if self.tool_calls:
            return self.tool_calls
        legacy = self.function_call
        if legacy is not None and (legacy.name or legacy.arguments):
            return [AnsweredToolCall(index=0, function=legacy)]
        return []


class Choice(msgspec.Struct):
    index: int = 0
    delta: Said | None = None
    message: Said | None = None
    finish_reason: str | None = None
    stop_reason: str | int | None = None
    """The stop sequence that was met, as vLLM and this gateway tell it; else a token's number."""


class Completion(msgspec.Struct):
    """A chunk or a whole completion."""

    id: str | None = None
    model: str | None = None
    created: float | None = None
    choices: list[Choice] | None = None
    usage: dict[str, Any] | None = None
    service_tier: str | None = None
    error: Any = None


COMPLETION: Final = LenientDecoder(Completion, "choices")
