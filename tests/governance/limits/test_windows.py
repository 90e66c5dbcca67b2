"""When limits count afresh: sliding windows, and those of a calendar."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.limits.windows import after, known_zone, window_of

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe")
CALENDAR = ("day", "week", "month", "quarter", "year")


def moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


@pytest.mark.parametrize(
    ("window", "where", "now", "begin", "end"),
    [
        ("day", {}, "2026-03-01T10:00Z", "2026-03-01T00:00Z", "2026-03-02T00:00Z"),
        ("day", {"hour": 6}, "2026-03-01T05:59Z", "2026-02-28T06:00Z", "2026-03-01T06:00Z"),
        (
            "day",
            {"zone": "Europe/Berlin"},
            "2026-03-28T23:30Z",
            "2026-03-29T00:00+01:00",
            "2026-03-30T00:00+02:00",
        ),
        ("week", {}, "2026-11-28T10:00Z", "2026-11-23T00:00Z", "2026-11-30T00:00Z"),
        ("week", {"day": 7}, "2026-11-28T10:00Z", "2026-11-22T00:00Z", "2026-11-29T00:00Z"),
        ("month", {}, "2026-12-31T23:59Z", "2026-12-01T00:00Z", "2027-01-01T00:00Z"),
        ("month", {"day": 15}, "2026-01-14T23:59Z", "2025-12-15T00:00Z", "2026-01-15T00:00Z"),
        ("quarter", {}, "2026-11-28T10:00Z", "2026-10-01T00:00Z", "2027-01-01T00:00Z"),
        ("quarter", {"day": 5}, "2026-10-04T10:00Z", "2026-07-05T00:00Z", "2026-10-05T00:00Z"),
        ("year", {"day": 6}, "2026-01-05T10:00Z", "2025-01-06T00:00Z", "2026-01-06T00:00Z"),
    ],
)
def test_windows_of_the_calendar(
    window: str, where: dict[str, object], now: str, begin: str, end: str
) -> None:
    found = window_of(window, moment(now), **where)
    assert found == (moment(begin), moment(end))


def test_windows_without_a_calendar() -> None:
    assert window_of("minute", 100.0) == (40.0, 100.0)
    assert window_of("total", 100.0) == (0.0, inf)
    assert after("hour", 100.0, 2) == 7300.0
    assert after("total", 0.0, 2) == inf
    assert not known_zone("Europe/Atlantis")
    assert known_zone("Europe/Berlin")


@settings(max_examples=150)
@given(
    st.sampled_from(CALENDAR),
    st.sampled_from(ZONES),
    st.integers(1, 28),
    st.integers(0, 23),
    st.integers(1_500_000_000, 2_200_000_000),
)
def test_windows_hold_their_moment_and_follow_one_another(
    window: str, zone: str, day: int, hour: int, now: int
) -> None:
    """Also where clocks are set: no moment is in two windows, none in no window."""
    day = 1 if window == "day" else (day - 1) % 7 + 1 if window == "week" else day
    where = {"zone": zone, "day": day, "hour": hour}
    found = window_of(window, float(now), **where)
    assert found.begin <= now < found.end
    assert window_of(window, found.begin, **where) == found
    assert window_of(window, found.end - 1, **where) == found
    assert window_of(window, found.end, **where).begin == found.end
    assert after(window, found.begin, 2, **where) == window_of(window, found.end, **where).end
    local = datetime.fromtimestamp(found.begin, UTC).astimezone(ZoneInfo(zone))
    assert abs(local.hour - hour) % 24 <= 1
    assert timedelta(hours=22).total_seconds() <= found.end - found.begin
