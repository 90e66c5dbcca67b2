"""Every caller's protocol on every upstream's: pure functions from bytes to bytes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from inference.translate.anthropic_to_anthropic import AnthropicToAnthropic
from inference.translate.anthropic_to_openai import AnthropicToOpenAI
from inference.translate.base import Translator
from inference.translate.mlx_server import GuardedPair
from inference.translate.openai_to_anthropic import OpenAIToAnthropic
from inference.translate.openai_to_openai import EmbeddingsToOpenAI, OpenAIToOpenAI
from inference.translate.responses_to_anthropic import ResponsesToAnthropic
from inference.translate.responses_to_openai import ResponsesToOpenAI

_PAIRS: Final[Mapping[tuple[str, str], Translator]] = MappingProxyType(
    {
        ("chat", "openai"): OpenAIToOpenAI("/chat/completions"),
        ("chat", "anthropic"): OpenAIToAnthropic(),
        ("messages", "openai"): AnthropicToOpenAI(),
        ("messages", "anthropic"): AnthropicToAnthropic(),
        ("responses", "openai"): ResponsesToOpenAI(),
        ("responses", "anthropic"): ResponsesToAnthropic(),
        ("completions", "openai"): OpenAIToOpenAI("/completions"),
        ("embeddings", "openai"): EmbeddingsToOpenAI(),
    }
)

_GUARDED: Final[Mapping[tuple[str, str], Translator]] = MappingProxyType(
    {
        (request_type, "mlx_server"): GuardedPair(pair)
        for (request_type, protocol), pair in _PAIRS.items()
        if protocol == "openai" and request_type != "embeddings"
    }
)
"""The dialect of `mlx_lm.server`."""

_TRANSLATORS: Final = MappingProxyType({**_PAIRS, **_GUARDED})


def translator_for(request_type: str, translation: str) -> Translator:
    """The translation between a caller's request type and an upstream's protocol or dialect.

    Raises `LookupError` for a combination that does not exist; routing never chooses one, since
    a provider's kind says what it serves (`ProviderKind.request_types`).
    """
    return _TRANSLATORS[request_type, translation]
