"""The cases: what callers ask, of which route of the mock, through which profile."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from benchmarks.routes import ROUTES, Route


@dataclass(frozen=True)
class Case:
    """One row of the table."""

    name: str
    title: str
    profile: str
    """Virtual provider that the gateway is asked for."""
    callers: int = 32
    stream: bool = False
    route_name: str = "openai-64"
    """What the direct path and the reference ask, in the route's own protocol."""
    protocol: str = "openai"
    """What the gateway's caller speaks."""
    prompt_bytes: int = 0
    each: int = 0
    """Requests each caller sends; 0: as many as fit into a round."""
    spread: float = 0.0
    """Seconds in which the callers begin one after the other; what begins then is not counted."""
    quick: bool = False
    """Part of the short form too."""

    @property
    def route(self) -> Route:
        return ROUTES[self.route_name]

    @property
    def translated(self) -> bool:
        return self.protocol != self.route.protocol


def _answers() -> list[Case]:
    return [
        Case(
            f"{'stream' if stream else 'whole'}-{callers}",
            f"{'stream of 64 chunks' if stream else 'whole answer'}, {callers} caller"
            + ("s" if callers > 1 else ""),
            "v-plain",
            callers=callers,
            stream=stream,
            quick=callers < 256,
        )
        for stream in (False, True)
        for callers in (1, 32, 256)
    ]


CASES: Final = (
    *_answers(),
    Case(
        "whole-to-anthropic",
        "OpenAI to Anthropic, whole",
        "v-claude",
        route_name="anthropic-64",
        quick=True,
    ),
    Case(
        "stream-to-anthropic",
        "OpenAI to Anthropic, stream",
        "v-claude",
        stream=True,
        route_name="anthropic-64",
        quick=True,
    ),
    Case(
        "whole-from-anthropic",
        "Anthropic to OpenAI, whole",
        "v-plain",
        protocol="anthropic",
        quick=True,
    ),
    Case(
        "stream-from-anthropic",
        "Anthropic to OpenAI, stream",
        "v-plain",
        stream=True,
        protocol="anthropic",
        quick=True,
    ),
    Case(
        "stream-anthropic",
        "Anthropic to Anthropic, stream",
        "v-claude",
        stream=True,
        route_name="anthropic-64",
        protocol="anthropic",
    ),
    Case("weighted", "weighted among three targets, whole", "v-weighted", quick=True),
    Case("failover", "failover after a 503 (every third), whole", "v-failover", quick=True),
    Case("limits", "upstream reports its limits, whole", "v-limits", route_name="openai-limits"),
    Case("prompt-8k", "prompt of 8 KB, whole", "v-plain", prompt_bytes=8 << 10, quick=True),
    Case("prompt-1m", "prompt of 1 MB, whole", "v-plain", callers=8, prompt_bytes=1 << 20),
    Case(
        "stream-5000",
        "stream of 5,000 chunks, 8 callers",
        "v-long",
        callers=8,
        stream=True,
        route_name="openai-5000",
    ),
    Case(
        "paced",
        "paced stream (64 chunks, 20 ms apart), 256 callers",
        "v-paced",
        callers=256,
        stream=True,
        route_name="openai-paced",
        # The first stream of each caller brings them out of step, the second counts.
        each=2,
        spread=1.28,
    ),
)
