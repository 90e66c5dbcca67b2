"""Google's answers, whole or a chunk of a stream: both have the same form.

Source: the Gemini API's reference, `GenerateContentResponse`.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.translate.lenient import LenientDecoder
from inference.values.usage import Usage, clamped


class GeminiCall(msgspec.Struct):
    name: str = ""
    args: dict[str, Any] | None = None
    id: str = ""


class GeminiPart(msgspec.Struct):
    text: str = ""
    thought: bool = False
    thoughtSignature: str = ""
    functionCall: GeminiCall | None = None


class GeminiContent(msgspec.Struct):
    parts: list[GeminiPart] | None = None


class GeminiCandidate(msgspec.Struct):
    content: GeminiContent | None = None
    finishReason: str = ""
    finishMessage: str = ""

    @property
    def parts(self) -> list[GeminiPart]:
        return (self.content.parts if self.content is not None else None) or []


class PromptFeedback(msgspec.Struct):
    blockReason: str = ""


class GeminiCounts(msgspec.Struct):
    promptTokenCount: int = 0
    toolUsePromptTokenCount: int = 0
    candidatesTokenCount: int = 0
    thoughtsTokenCount: int = 0
    cachedContentTokenCount: int = 0

    def usage(self) -> Usage:
        """Thoughts are counted apart, and are part of what is paid for as output."""
        thoughts = clamped(self.thoughtsTokenCount)
        return Usage(
            clamped(self.promptTokenCount + self.toolUsePromptTokenCount),
            clamped(self.candidatesTokenCount + thoughts),
            cached=clamped(self.cachedContentTokenCount),
            reasoning=thoughts,
        )


class Generated(msgspec.Struct):
    candidates: list[GeminiCandidate] | None = None
    promptFeedback: PromptFeedback | None = None
    usageMetadata: GeminiCounts | None = None
    modelVersion: str = ""
    responseId: str = ""
    error: Any = None


GENERATED: Final = LenientDecoder(Generated)
