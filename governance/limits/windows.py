"""When a limit counts afresh. PURE: the clock is passed in.

Days and longer windows follow the calendar of a time zone, from a first day and hour on, so that
nothing has to be reset: the window of a moment follows from the moment.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import inf
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from governance.limits.limit import SLIDING

_MONTHS: Final = {"month": 1, "quarter": 3, "year": 12}


class Window(NamedTuple):
    """From `begin` until `end`, Unix times in seconds."""

    begin: float
    end: float


def known_zone(name: str) -> bool:
    """Whether there is a time zone of this name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


@lru_cache(maxsize=4096)
def _calendar(window: str, zone: str, day: int, hour: int, local: tuple[int, int, int]) -> Window:
    """The window that holds a local day; `local` was moved back by `hour` already."""
    year, month, of_month = local
    tz = ZoneInfo(zone)
    if window == "day":
        first = datetime(year, month, of_month)  # a local day
        last = first + timedelta(days=1)
    elif window == "week":
        today = datetime(year, month, of_month)
        first = today - timedelta(days=(today.isoweekday() - day) % 7)
        last = first + timedelta(days=7)
    else:
        length = _MONTHS[window]
        # Months since year 0 of the one in which the window begins.
        place = year * 12 + month - 1 - (1 if of_month < day else 0)
        place -= place % length
        first = datetime(place // 12, place % 12 + 1, day)
        place += length
        last = datetime(place // 12, place % 12 + 1, day)
    return Window(*(_moment(one, hour, tz) for one in (first, last)))


def _moment(day: datetime, hour: int, zone: ZoneInfo) -> float:
    """An hour of a local day, as the first moment of it; one that a clock skips is its next."""
    return day.replace(hour=hour, tzinfo=zone).timestamp()


def window_of(window: str, now: float, *, zone: str = "UTC", day: int = 1, hour: int = 0) -> Window:
    """The window that holds the moment `now`; of one that slides, the one that ends with it."""
    if window in SLIDING:
        return Window(now - SLIDING[window], now)
    if window == "total":
        return Window(0.0, inf)
    local = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(zone))
    shifted = local.replace(tzinfo=None) - timedelta(hours=hour)
    found = _calendar(window, zone, day, hour, (shifted.year, shifted.month, shifted.day))
    if now >= found.end or now < found.begin:
        # Where clocks are set, an hour of the wall belongs to the window beside it.
        step = timedelta(hours=3 if now >= found.end else -3)
        shifted += step
        found = _calendar(window, zone, day, hour, (shifted.year, shifted.month, shifted.day))
    return found


def after(window: str, begin: float, count: int, **where: object) -> float:
    """When the `count`-th window from the one that holds `begin` ends."""
    if window in SLIDING:
        return begin + SLIDING[window] * count
    end = begin
    for _ in range(count):
        end = window_of(window, end, **where).end  # type: ignore[arg-type]  # zone, day and hour, by their names
        if end == inf:
            break
    return end
