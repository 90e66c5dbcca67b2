"""What each kind of provider speaks. A kind is data; `inference.upstream` knows how to reach it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

REQUEST_TYPES: Final = ("chat", "messages", "responses", "completions", "embeddings")
MODALITIES: Final = ("text", "vision", "audio", "file")
FEATURES: Final = ("tools", "structured_output", "reasoning")
STRATEGIES: Final = ("ordered_failover", "weighted")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of provider: the protocol it speaks and the request types it can serve at all."""

    name: str
    label: str
    protocol: str
    request_types: frozenset[str]
    local: bool


KINDS: Final[dict[str, Kind]] = {
    kind.name: kind
    for kind in (
        Kind(
            "mlx",
            "MLX on this machine",
            "openai",
            frozenset({"chat", "messages", "responses", "completions"}),
            local=True,
        ),
        Kind("openai", "OpenAI-compatible", "openai", frozenset(REQUEST_TYPES), local=False),
        Kind(
            "anthropic",
            "Anthropic",
            "anthropic",
            frozenset({"chat", "messages", "responses"}),
            local=False,
        ),
    )
}
