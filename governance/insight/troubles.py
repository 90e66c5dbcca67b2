"""Providers that fail, as the latest attempts tell, whichever process made them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from governance.models import Interaction
from governance.routing.health import COUNTED

WINDOW: Final = timedelta(minutes=15)
ROWS: Final = 1000
"""Interactions looked at."""
LATEST: Final = 20
"""Attempts of a provider that count."""
FEWEST: Final = 3
"""Failures that make it one that fails; a single one that it refused the gateway does too."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A provider that fails."""

    provider: str
    failed: int
    tried: int
    code: str
    """Of the latest failure: `connect_failed`, `http_401`, ..."""
    refused: bool
    """The latest attempt was refused: key, model name or account are wrong."""


def recent_troubles(now: datetime) -> list[Trouble]:
    """Providers that fail now. One bounded query."""
    rows = Interaction.objects.filter(time__gte=now - WINDOW).order_by("-time", "-id")
    return troubles(rows.values_list("attempts", flat=True)[:ROWS])


def troubles(interactions: Iterable[Iterable[Mapping[str, Any]]]) -> list[Trouble]:
    """The same from the attempts of each interaction, the latest interaction first."""
    latest: dict[str, list[Mapping[str, Any]]] = {}
    for attempts in interactions:
        for attempt in reversed(list(attempts)):
            seen = latest.setdefault(attempt["provider"], [])
            # Nothing is learned from a caller who left, or from a request at fault itself.
            if len(seen) < LATEST and (attempt["outcome"] == "ok" or attempt["outcome"] in COUNTED):
                seen.append(attempt)
    found = [_judged(provider, attempts) for provider, attempts in latest.items()]
    return sorted((one for one in found if one is not None), key=lambda one: one.provider)


def _judged(provider: str, attempts: list[Mapping[str, Any]]) -> Trouble | None:
    failed = [attempt for attempt in attempts if attempt["outcome"] != "ok"]
    if not failed:
        return None
    refused = attempts[0]["outcome"] == "misconfigured"
    if not refused and (len(failed) < FEWEST or 2 * len(failed) < len(attempts)):
        return None
    return Trouble(provider, len(failed), len(attempts), failed[0]["code"], refused)
