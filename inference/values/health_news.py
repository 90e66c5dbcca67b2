"""How providers fare, as processes and nodes tell one another: absolute values, never increments.

Processes of a node share a monotonic clock, so moments travel as they are; between nodes what is
left of a time does.
"""

from __future__ import annotations

import msgspec


class TargetHealth(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A provider's model as one process sees it. Times are seconds."""

    provider: str
    """Casefolded."""
    model: str
    state: str = "closed"
    """Of the breaker."""
    until: float = 0.0
    trips: int = 0
    consecutive: int = 0
    good: int = 0
    """Answers and failures of the last minute."""
    bad: int = 0
    changed: float = 0.0
    """When the breaker came into this state, whoever saw it; 0: it was never another."""
    first: float = 0.0
    """To the first token, averaged."""
    token: float = 0.0
    """For each token after it, averaged."""
    begun: int = 0
    """In the queue of a local model; see `dispatch.local_queues`."""
    waiting: int = 0
    oldest: float = 0.0
    places: int = 0
    service: float = 0.0

    @property
    def key(self) -> tuple[str, str]:
        return self.provider, self.model


class ServedSession(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A session that another target answers than before."""

    session: str
    provider: str
    """Casefolded; empty where the session is back at its first choice."""
    model: str
    at: float


class HealthNews(msgspec.Struct, frozen=True, array_like=True, tag="health"):
    """What a process tells: all it has under way, and the targets about which there is news."""

    process: str
    under_way: dict[str, int]
    """Requests by casefolded provider."""
    targets: tuple[TargetHealth, ...]
    sessions: tuple[ServedSession, ...] = ()


class HealthFromAfar(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What another node says of a provider's model."""

    node: str
    provider: str
    model: str
    state: str
    until: float
    """On this node's clock."""
    under_way: int
    """Requests to the provider, whichever model."""
    first: float
    changed: float
    """Unix time by that node's clock; tells one opening from another."""


class NodeHealth(msgspec.Struct, frozen=True, array_like=True):
    """All of it, as the collector keeps it for the node's processes."""

    processes: tuple[HealthNews, ...] = ()
    others: tuple[HealthFromAfar, ...] = ()
    sessions: tuple[ServedSession, ...] = ()
    """Of the last seconds."""
