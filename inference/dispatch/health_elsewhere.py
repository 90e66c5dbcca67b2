"""What a process knows of providers from other processes of its node, and from other nodes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from inference.values.health_news import HealthFromAfar

MOST_HINTS: Final = 4096


@dataclass(slots=True)
class Others:
    """What is known from other processes of the node, and from other nodes."""

    under_way: dict[str, int] = field(default_factory=dict)
    """By casefolded provider."""
    seconds: dict[tuple[str, str], float] = field(default_factory=dict)
    """How long an answer of a typical length takes."""
    processes: int = 0
    afar: tuple[HealthFromAfar, ...] = ()
    heard_at: float = -1.0
    """When the collector was heard last; below 0: never."""
    hints: dict[tuple[str, str, str], float] = field(default_factory=dict)
    """By node, provider and model: the opening that was heard of last."""

    def is_news(self, hint: HealthFromAfar) -> bool:
        """Whether the opening is heard of for the first time."""
        place = hint.node, hint.provider, hint.model
        known = self.hints.pop(place, 0.0)
        self.hints[place] = hint.changed
        if len(self.hints) > MOST_HINTS:
            del self.hints[next(iter(self.hints))]
        return known != hint.changed
