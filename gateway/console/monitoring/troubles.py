"""How providers fare as the latest attempts tell, whichever process made them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from governance.models import Interaction
from governance.routing.breaker import COUNTED

WINDOW: Final = timedelta(minutes=15)
ROWS: Final = 1000
"""Interactions looked at."""
LATEST: Final = 20
"""Attempts of a provider that count."""
FEWEST: Final = 3
"""Failures that make it one that fails; a single one that it refused the gateway does too."""


@dataclass(frozen=True, slots=True)
class Recent:
    """How the latest attempts at a provider ended."""

    provider: str
    failed: int
    tried: int
    code: str
    """Of the latest failure: `connect_failed`, `http_401`, ...; empty when none failed."""
    refused: bool
    """The latest attempt was refused: key, model name or account are wrong."""

    @property
    def troubled(self) -> bool:
        """Whether it fails rather than having failed once."""
        return self.refused or (self.failed >= FEWEST and 2 * self.failed >= self.tried)


def recent_attempts(now: datetime) -> list[Recent]:
    """Of every provider that was tried lately, by name. One bounded query."""
    return latest_attempts(_lately(now))


def recent_troubles(now: datetime) -> list[Recent]:
    """Providers that fail now. One bounded query."""
    return troubles(_lately(now))


def troubles(interactions: Iterable[Iterable[Mapping[str, Any]]]) -> list[Recent]:
    """The same from the attempts of each interaction, the latest interaction first."""
    return [one for one in latest_attempts(interactions) if one.troubled]


def latest_attempts(interactions: Iterable[Iterable[Mapping[str, Any]]]) -> list[Recent]:
    """How the latest attempts at each provider ended, by its name."""
    latest: dict[str, list[Mapping[str, Any]]] = {}
    for attempts in interactions:
        for attempt in reversed(list(attempts)):
            seen = latest.setdefault(attempt["provider"], [])
            if len(seen) < LATEST and tells(attempt["outcome"]):
                seen.append(attempt)
    found = (_judged(provider, attempts) for provider, attempts in latest.items() if attempts)
    return sorted(found, key=lambda one: one.provider)


def tells(outcome: str) -> bool:
    """Whether an attempt says how its provider fares.

    Nothing is learned from a caller who left, or from a request at fault itself.
    """
    return outcome == "ok" or outcome in COUNTED


def _judged(provider: str, attempts: list[Mapping[str, Any]]) -> Recent:
    failed = [attempt for attempt in attempts if attempt["outcome"] != "ok"]
    refused = attempts[0]["outcome"] == "misconfigured"
    code = failed[0]["code"] if failed else ""
    return Recent(provider, len(failed), len(attempts), code, refused)


def _lately(now: datetime) -> Iterable[Iterable[Mapping[str, Any]]]:
    rows = Interaction.objects.filter(time__gte=now - WINDOW).order_by("-time", "-id")
    return rows.values_list("attempts", flat=True)[:ROWS]
