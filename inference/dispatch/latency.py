"""How long targets take to their first token, by what was seen lately."""

from __future__ import annotations

from collections import deque
from typing import Final

KEPT: Final = 20
"""Answers that are looked back on."""
ENOUGH: Final = 10
"""Answers without which nothing is said."""
_TARGETS: Final = 4096
"""Models may be named by callers: there must be an end to them."""


class FirstTokens:
    """Times to the first token of streams, in seconds, by provider and model."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], deque[float]] = {}

    def note(self, provider: str, model: str, seconds: float) -> None:
        seen = self._seen.get((provider, model))
        if seen is None:
            if len(self._seen) >= _TARGETS:
                self._seen.clear()
            seen = self._seen[provider, model] = deque(maxlen=KEPT)
        seen.append(seconds)

    def slow(self, provider: str, model: str) -> float:
        """What nine of ten answers stay below; 0 where too few were seen."""
        seen = self._seen.get((provider, model), ())
        return sorted(seen)[int(0.9 * len(seen))] if len(seen) >= ENOUGH else 0.0
