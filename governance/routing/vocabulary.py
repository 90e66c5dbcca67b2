"""The words that requests, targets and providers are matched by."""

from __future__ import annotations

from typing import Final

REQUEST_TYPES: Final = ("chat", "messages", "responses", "completions", "embeddings")
MODALITIES: Final = ("text", "vision", "audio", "file")
FEATURES: Final = ("tools", "structured_output", "reasoning")
