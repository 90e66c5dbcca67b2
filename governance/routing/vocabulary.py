"""The words that requests, targets and providers are matched by."""

from __future__ import annotations

from typing import Final

OF_LANGUAGE_MODELS: Final = frozenset(
    {"chat", "messages", "responses", "completions", "embeddings"}
)
"""The request types for which a provider's default model may stand in: it is a language model,
which neither speaks nor draws."""
MODALITIES: Final = ("text", "vision", "audio", "file")
FEATURES: Final = ("tools", "structured_output", "reasoning")
