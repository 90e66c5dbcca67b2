"""The last hour of one provider's attempts, whichever process made them. Every query is bounded.

An interaction notes the provider it tried last, and in its errors each one that failed: one of the
two finds every attempt without a table of attempts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q

from gateway.console.monitoring.troubles import tells
from governance.models import Interaction

LENGTH: Final = timedelta(hours=1)
ROWS: Final = 1000
"""Interactions with the provider that are looked at."""
REACH: Final = 100_000
"""Interactions of all providers among which those are looked for."""
SHOWN: Final = 8
"""Failed attempts told one by one."""


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """One attempt that failed."""

    interaction: int
    when: datetime
    """When its request arrived."""
    model: str
    outcome: str
    code: str
    milliseconds: float


@dataclass(slots=True)
class Failures:
    """Failures of one class and code."""

    outcome: str
    code: str
    latest: datetime
    count: int = 0
    counts: bool = True
    """Whether it speaks against the provider, and not only against the request."""


@dataclass(frozen=True, slots=True)
class LastHour:
    """What became of the attempts at one provider."""

    tried: int
    """Attempts that say how it fares."""
    failed: int
    """Those of them that failed."""
    kinds: tuple[Failures, ...]
    """The most frequent first."""
    latest: tuple[FailedAttempt, ...]
    since: datetime
    """Later than an hour ago when there was more than is looked at."""
    complete: bool

    @property
    def share(self) -> float:
        """Of failures; 0 to 1."""
        return self.failed / self.tried if self.tried else 0.0


def last_hour(name: str, now: datetime) -> LastHour:
    """Of the provider of this name, whatever its case; `now` has a time zone. Two queries."""
    begin = _reach(now - LENGTH) or now - LENGTH
    rows = (
        Interaction.objects.filter(time__gte=begin, time__lte=now)
        .filter(Q(provider__iexact=name) | Q(errors__icontains=f"{name}:"))
        .order_by("-time", "-id")
        .values_list("pk", "time", "attempts")
    )
    held = list(rows[: ROWS + 1])
    whole = len(held) <= ROWS and begin == now - LENGTH
    since = held[ROWS - 1][1] if len(held) > ROWS else begin
    return summed(name, held[:ROWS], since, whole)


def summed(
    name: str,
    rows: Iterable[tuple[int, datetime, Iterable[Mapping[str, Any]]]],
    since: datetime,
    complete: bool,
) -> LastHour:
    """The same from keys, times and attempts of interactions, the latest first."""
    tried = failed = 0
    kinds: dict[tuple[str, str], Failures] = {}
    latest: list[FailedAttempt] = []
    for key, when, attempts in rows:
        for attempt in reversed(list(attempts)):
            outcome, code = attempt["outcome"], attempt["code"]
            if attempt["provider"].casefold() != name.casefold():
                continue
            counts = tells(outcome)
            tried += counts
            if outcome in ("ok", "cancelled"):
                continue
            failed += counts
            kind = kinds.setdefault((outcome, code), Failures(outcome, code, when, counts=counts))
            kind.count += 1
            if len(latest) < SHOWN:
                took = attempt["milliseconds"]
                latest.append(FailedAttempt(key, when, attempt["model"], outcome, code, took))
    ordered = sorted(kinds.values(), key=lambda one: (-one.count, one.code))
    return LastHour(tried, failed, tuple(ordered), tuple(latest), since, complete)


def _reach(begin: datetime) -> datetime | None:
    """Where the latest `REACH` requests begin, None when they reach back to `begin`."""
    times = Interaction.objects.filter(time__gte=begin).order_by("-time", "-id")
    return next(iter(times.values_list("time", flat=True)[REACH : REACH + 1]), None)
