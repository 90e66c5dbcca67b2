"""What operators decide about a provider for a while, whatever its breaker says. PURE."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf
from types import MappingProxyType
from typing import Final

from governance.texts import gettext_noop

DRAIN: Final = "drain"
OPEN: Final = "open"
CLOSED: Final = "closed"
STATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        DRAIN: gettext_noop("Drained: it gets no new requests"),
        OPEN: gettext_noop("Breaker forced open: it is tried after all others"),
        CLOSED: gettext_noop("Breaker forced closed: failures are not held against it"),
    }
)
"""What each means, for operators."""

Overrides = Mapping[tuple[str, str], str]
"""Those in force, by casefolded provider and model; an empty model stands for all of them."""
NONE: Final[Overrides] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class OverrideEntry:
    """One that was saved, over or not."""

    provider: str
    model: str
    """Empty: all of the provider's."""
    state: str
    until: float
    """Unix time in seconds."""


def in_force(entries: Iterable[OverrideEntry], now: float) -> Overrides:
    """Those that are not over at a Unix time."""
    return MappingProxyType(
        {(one.provider.casefold(), one.model): one.state for one in entries if one.until > now}
    )


def next_end(entries: Iterable[OverrideEntry], now: float) -> float:
    """When the next one of them is over; infinity for none."""
    return min((one.until for one in entries if one.until > now), default=inf)


def override_of(overrides: Overrides, provider: str, model: str) -> str:
    """What holds for a model of a casefolded provider, the model's own first; empty for nothing."""
    if not overrides:
        return ""
    return overrides.get((provider, model)) or overrides.get((provider, ""), "")
