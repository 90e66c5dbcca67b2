"""Traffic of the last hour, day or week, from the interactions. Every query is bounded.

At most `ROWS` interactions are looked at, the latest of the period, in one pass that groups them by
moment, profile and provider; times to the first token come from the latest `SAMPLE` answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, Final

from django.db.models import CharField, Count, Q, Sum
from django.db.models.functions import Cast, Substr

from gateway.console.monitoring.failed_attempts import failed_attempts
from governance.models import Interaction
from governance.routing.shadows import REASON as SHADOW

ROWS: Final = 100_000
SAMPLE: Final = 10_000
NO_ERROR: Final = ("ok", "cancelled")
"""Outcomes that are none; a caller may leave."""


@dataclass(frozen=True, slots=True)
class Period:
    """How far to look back, and the length of a bar of the chart."""

    name: str
    label: str
    length: timedelta
    bar: timedelta
    bar_label: str
    digits: int
    """Characters of `2030-01-31 12:34` that times within one bar share."""


PERIODS: Final = {
    period.name: period
    for period in (
        Period("hour", "Last hour", timedelta(hours=1), timedelta(minutes=1), "minute", 16),
        Period("day", "Last day", timedelta(days=1), timedelta(minutes=10), "ten minutes", 15),
        Period("week", "Last week", timedelta(weeks=1), timedelta(hours=1), "hour", 13),
    )
}


@dataclass(slots=True)
class Totals:
    """Sums over some requests. Times in milliseconds."""

    requests: int = 0
    errors: int = 0
    fallbacks: int = 0
    """Requests that a later target answered."""
    local_fallbacks: int = 0
    """Requests that local inference answered in place of what was asked for."""
    failed_attempts: int = 0
    """Only by provider: of its attempts, whatever became of their requests."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float = 0.0
    first_token_median: float | None = None
    first_token_95th: float | None = None

    def add(self, row: Mapping[str, Any]) -> None:
        self.requests += row["requests"]
        self.errors += row["errors"]
        self.fallbacks += row["fallbacks"]
        self.local_fallbacks += row["local_fallbacks"]
        self.prompt_tokens += row["prompt"] or 0
        self.completion_tokens += row["completion"] or 0
        self.cost_usd += row["cost"] or 0.0

    def time(self, sample: Sequence[float]) -> None:
        """Takes the times to the first token from a sorted sample."""
        self.first_token_median = percentile(sample, 0.5)
        self.first_token_95th = percentile(sample, 0.95)


@dataclass(frozen=True, slots=True)
class Bar:
    """Requests of one moment."""

    begins: datetime
    requests: int = 0
    errors: int = 0


@dataclass(frozen=True, slots=True)
class Traffic:
    """One period as the dashboard shows it."""

    period: Period
    since: datetime
    """Later than the period's begin when there were more than `ROWS` requests."""
    complete: bool
    totals: Totals
    by_profile: dict[str, Totals] = field(default_factory=dict)
    """By name, most requests first; "" for requests without a profile."""
    by_provider: dict[str, Totals] = field(default_factory=dict)
    """By the provider tried last; "" for requests that reached none. One that always failed before
    another answered has no requests and stands here with its failed attempts."""
    bars: tuple[Bar, ...] = ()


def traffic(period: Period, now: datetime) -> Traffic:
    """The period that ends `now`, which has a time zone. Four queries."""
    begin = now - period.length
    since = reach(begin)
    # Nobody asked for copies: what they cost stands in the usage report.
    rows = Interaction.objects.order_by().exclude(reason=SHADOW)
    rows = rows.filter(time__gte=since or begin, time__lte=now)
    found = Traffic(period, since or begin, since is None, Totals())
    counts: dict[str, list[int]] = {}
    moment = Substr(Cast("time", CharField()), 1, period.digits)
    grouped = rows.annotate(moment=moment).values("moment", "profile_name", "provider")
    for row in grouped.annotate(
        requests=Count("pk"),
        errors=Count("pk", filter=~Q(outcome__in=NO_ERROR)),
        fallbacks=Count("pk", filter=Q(fallback="target")),
        local_fallbacks=Count("pk", filter=Q(fallback="local")),
        prompt=Sum("prompt_tokens"),
        completion=Sum("completion_tokens"),
        cost=Sum("cost_usd"),
    ):
        found.totals.add(row)
        found.by_profile.setdefault(row["profile_name"], Totals()).add(row)
        found.by_provider.setdefault(row["provider"], Totals()).add(row)
        bar = counts.setdefault(row["moment"], [0, 0])
        bar[0] += row["requests"]
        bar[1] += row["errors"]
    for provider, count in failed_attempts(rows).items():
        found.by_provider.setdefault(provider, Totals()).failed_attempts = count
    latest = rows.filter(first_token_ms__isnull=False).order_by("-time")
    _take_times(found, latest.values_list("profile_name", "provider", "first_token_ms")[:SAMPLE])
    return Traffic(
        period,
        found.since,
        found.complete,
        found.totals,
        _by_requests(found.by_profile),
        _by_requests(found.by_provider),
        _bars(period, begin, now, counts),
    )


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile of a sorted sample; None of an empty one."""
    if not ordered:
        return None
    return ordered[max(0, ceil(len(ordered) * share - 1e-9) - 1)]


def reach(begin: datetime) -> datetime | None:
    """Where the latest `ROWS` requests begin, None when they reach back to `begin`."""
    times = Interaction.objects.filter(time__gte=begin).order_by("-time", "-id")
    return next(iter(times.values_list("time", flat=True)[ROWS : ROWS + 1]), None)


def _take_times(found: Traffic, rows: Iterable[tuple[str, str, float | None]]) -> None:
    every: list[float] = []
    profiles: dict[str, list[float]] = {}
    providers: dict[str, list[float]] = {}
    for profile, provider, milliseconds in rows:
        if milliseconds is None:
            continue
        every.append(milliseconds)
        profiles.setdefault(profile, []).append(milliseconds)
        providers.setdefault(provider, []).append(milliseconds)
    found.totals.time(sorted(every))
    for totals, samples in ((found.by_profile, profiles), (found.by_provider, providers)):
        for name, sample in samples.items():
            totals[name].time(sorted(sample))


def _by_requests(totals: dict[str, Totals]) -> dict[str, Totals]:
    return dict(sorted(totals.items(), key=lambda item: (-item[1].requests, item[0])))


def _bars(
    period: Period, begin: datetime, now: datetime, counts: dict[str, list[int]]
) -> tuple[Bar, ...]:
    """A bar for every moment of the period, empty ones included."""
    seconds = period.bar.total_seconds()
    moment = datetime.fromtimestamp(begin.timestamp() // seconds * seconds, UTC)
    bars = []
    while moment <= now:
        requests, errors = counts.get(f"{moment:%Y-%m-%d %H:%M}"[: period.digits], (0, 0))
        bars.append(Bar(moment, requests, errors))
        moment += period.bar
    return tuple(bars)
