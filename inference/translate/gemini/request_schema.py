"""Chat completion requests as far as Gemini can express them: more than Anthropic can."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.translate.chat.request_schema import ChatMessage, ChatRequest, Part, ToolCall


class InputAudio(msgspec.Struct):
    data: str
    format: str = "wav"


class MediaPart(Part, kw_only=True):
    input_audio: InputAudio | None = None


class SignedCall(ToolCall, kw_only=True):
    extra_content: dict[str, Any] | None = None
    """Holds the thought signature, as Google's OpenAI-compatible API has it."""


class GeminiMessage(ChatMessage, kw_only=True):
    content: str | list[MediaPart] | None = None  # type: ignore[assignment]  # narrower than the hub's
    tool_calls: list[SignedCall] | None = None  # type: ignore[assignment]  # narrower than the hub's


class GeminiRequest(ChatRequest, kw_only=True):
    messages: list[GeminiMessage]  # type: ignore[assignment]  # narrower than the hub's
    seed: int | None = None


GEMINI_REQUEST: Final = msgspec.json.Decoder(GeminiRequest)
