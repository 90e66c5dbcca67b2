"""Ranges of time that pages show, and the steps a chart of them has. Plain values, no IO."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final
from urllib.parse import urlencode

from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

MINUTE: Final = timedelta(minutes=1)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
LONGEST: Final = timedelta(days=3 * 366)
_MOST_BARS: Final = 97

PERIODS: Final[Mapping[str, tuple[str | Promise, timedelta]]] = {
    "hour": (_("Last hour"), HOUR),
    "day": (_("Last 24 hours"), DAY),
    "week": (_("Last 7 days"), 7 * DAY),
    "month": (_("Last 30 days"), 30 * DAY),
    "quarter": (_("Last 90 days"), 90 * DAY),
}
STEPS: Final[tuple[tuple[timedelta, str | Promise], ...]] = (
    (MINUTE, _("1 minute")),
    (15 * MINUTE, _("15 minutes")),
    (HOUR, _("1 hour")),
    (2 * HOUR, _("2 hours")),
    (6 * HOUR, _("6 hours")),
    (DAY, _("1 day")),
    (7 * DAY, _("1 week")),
    (28 * DAY, _("4 weeks")),
)


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From `begin` up to `end`, which is left out."""

    begin: datetime
    end: datetime
    period: str = ""
    """Of `PERIODS`; empty where both ends were chosen."""

    @property
    def length(self) -> timedelta:
        return self.end - self.begin

    @property
    def label(self) -> str:
        return str(PERIODS[self.period][0]) if self.period else ""

    @property
    def query(self) -> str:
        """As it stands in an address."""
        if self.period:
            return urlencode({"period": self.period})
        return urlencode({"from": in_address(self.begin), "to": in_address(self.end)})

    def step(self, least: timedelta = MINUTE) -> tuple[timedelta, str]:
        """How long a bar of the chart is, and what that is called."""
        for step, label in STEPS:
            if step >= least and self.length / step <= _MOST_BARS:
                return step, str(label)
        return STEPS[-1][0], str(STEPS[-1][1])


def in_address(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def range_of(query: Mapping[str, Any], now: datetime, zone: tzinfo, default: str) -> TimeRange:
    """What a query string asks for, the default period where it asks nothing sensible."""
    begin, end = moment_of(query.get("from"), zone), moment_of(query.get("to"), zone)
    if begin is not None or end is not None:
        end = min(end or now, now + DAY)
        begin = max(begin or end - DAY, end - LONGEST)
        if begin < end:
            return TimeRange(begin, end)
    period = str(query.get("period", ""))
    return period_of(period if period in PERIODS else default, now)


def period_of(period: str, now: datetime) -> TimeRange:
    """The period that ends now. From a day on it begins with a quarter hour, as ledgers do."""
    begin = now - PERIODS[period][1]
    if PERIODS[period][1] >= DAY:
        begin = begin.replace(minute=begin.minute // 15 * 15, second=0, microsecond=0)
    return TimeRange(begin, now, period)


def moment_of(text: Any, zone: tzinfo) -> datetime | None:
    """A time with its zone, or one of the viewer's; None where it is none."""
    try:
        # A plus in an address is a space.
        found = parse_datetime(str(text or "").strip().replace(" ", "+", 1)) if text else None
        if found is None and text:
            found = datetime.fromisoformat(str(text).strip())
        if found is None:
            return None
        if found.tzinfo is None:
            found = found.replace(tzinfo=zone)
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def boundaries(begin: datetime, end: datetime, step: timedelta, zone: tzinfo) -> list[datetime]:
    """Where the bars of a chart begin, and the end of the last: days begin at the viewer's
    midnight, also where one of them has 23 hours."""
    local = begin.astimezone(zone)
    if step >= DAY:
        at = local.replace(hour=0, minute=0, second=0, microsecond=0)
    else:
        offset = (local.utcoffset() or timedelta()).total_seconds()
        seconds = step.total_seconds()
        floor = (begin.timestamp() + offset) // seconds * seconds - offset
        at = datetime.fromtimestamp(floor, UTC)
    found = [at.astimezone(UTC)]
    while found[-1] < end:
        at = at + step
        found.append(at.astimezone(UTC))
    return found


def are_hours(edges: Sequence[datetime]) -> bool:
    """Whether each bar is of whole hours, as those of UTC are and not those of every zone."""
    return all(edge.minute == 0 and edge.second == 0 for edge in edges)
