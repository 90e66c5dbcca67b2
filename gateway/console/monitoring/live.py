"""How providers fare at this moment, as the process that is asked knows it.

Requests are carried by a room above this one, which says here how to ask it; no other process of
the service knows what this one knows. The local engine is asked the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from governance.routing.breaker import HealthStatus


@dataclass(frozen=True, slots=True)
class LiveModel:
    """What is held against a provider's model, or known of its limits."""

    model: str
    standing: HealthStatus
    """Without limits that have been renewed since they were told."""
    seconds: float
    """Until the cooldown ends or the probe counts as lost; 0 when it is over."""

    @property
    def cooling_down(self) -> bool:
        return self.standing.state == "open" and self.seconds > 0

    @property
    def on_trial(self) -> bool:
        """The next request finds out whether it answers again, or one is finding out."""
        return self.standing.state != "closed" and not self.cooling_down

    @property
    def used_percent(self) -> float | None:
        """Of the limit it is closest to; None where none is known."""
        known = (self.standing.request_percent, self.standing.token_percent)
        return max((one for one in known if one is not None), default=None)


@dataclass(frozen=True, slots=True)
class Live:
    """A provider at this moment."""

    under_way: int = 0
    """Requests."""
    slots: int | None = None
    """How many it may be sent at a time; None for no limit."""
    models: tuple[LiveModel, ...] = ()
    """Those something is known of."""

    @property
    def saturated(self) -> bool:
        return self.slots is not None and self.under_way >= self.slots


@dataclass(frozen=True, slots=True)
class Engine:
    """The engine on this machine, which is the same for all processes."""

    runs: bool
    models: frozenset[str] = frozenset()
    """Those that are there, loaded or not."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """Why, by model."""


Source = Callable[[], Mapping[str, Live]]
"""Providers by casefolded name."""

_source: Source | None = None
_engine: Callable[[], Engine] | None = None


def set_sources(source: Source, engine: Callable[[], Engine]) -> None:
    global _source, _engine
    _source, _engine = source, engine


def live() -> Mapping[str, Live]:
    """Nothing where no requests are carried."""
    return _source() if _source is not None else {}


def engine() -> Engine | None:
    """Asks the local engine, for half a second at most; None where nobody can ask it."""
    return _engine() if _engine is not None else None
