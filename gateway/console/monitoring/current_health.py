"""How providers and the local engine fare at this moment. Plain values, no IO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from governance.routing.breaker import HealthStatus


@dataclass(frozen=True, slots=True)
class ModelHealth:
    """What is held against a provider's model, or known of its limits."""

    model: str
    status: HealthStatus
    """Without limits that have been renewed since they were told."""
    seconds: float
    """Until the cooldown ends or the probe counts as lost; 0 when it is over."""
    first_token: float = 0.0
    """Seconds, averaged over the last ones; 0 where nothing is known."""

    @property
    def cooling_down(self) -> bool:
        return self.status.state == "open" and self.seconds > 0

    @property
    def on_trial(self) -> bool:
        """The next request finds out whether it answers again, or one is finding out."""
        return self.status.state in ("open", "half_open") and not self.cooling_down

    @property
    def share(self) -> float:
        """Of its requests, how many it gets at this moment; below 1 while it recovers."""
        return self.status.share(self.status.until - self.seconds)

    @property
    def used_percent(self) -> float | None:
        """Of the limit it is closest to; None where none is known."""
        known = (self.status.request_percent, self.status.token_percent)
        return max((one for one in known if one is not None), default=None)


@dataclass(frozen=True, slots=True)
class NodeOutlook:
    """How a provider's model fares on another node."""

    node: str
    model: str
    state: str
    seconds: float
    """Until the cooldown ends, the probe counts as lost or the ramp ends."""
    under_way: int
    """Requests to the provider."""
    first_token: float


@dataclass(frozen=True, slots=True)
class CurrentHealth:
    """A provider at this moment."""

    under_way: int = 0
    """Requests."""
    slots: int | None = None
    """How many it may be sent at a time; None for no limit."""
    models: tuple[ModelHealth, ...] = ()
    """Those something is known of."""
    processes: int = 0
    """Of this node, for which all of this holds; 0 where they do not hear of each other."""
    nodes: tuple[NodeOutlook, ...] = ()
    """What other nodes say."""

    @property
    def saturated(self) -> bool:
        return self.slots is not None and self.under_way >= self.slots


@dataclass(frozen=True, slots=True)
class EngineState:
    """The engine on this machine, which is the same for all processes."""

    runs: bool
    models: frozenset[str] = frozenset()
    """Those that are there, loaded or not."""
    failed: Mapping[str, str] = field(default_factory=dict)
    """Why, by model."""
