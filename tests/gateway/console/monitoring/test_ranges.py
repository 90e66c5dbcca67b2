"""Ranges of time and the steps of their charts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.console.monitoring.ranges import (
    DAY,
    HOUR,
    PERIODS,
    STEPS,
    TimeRange,
    boundaries,
    moment_of,
    period_of,
    range_of,
)

NOW = datetime(2030, 3, 31, 12, 7, 9, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


@given(
    st.datetimes(datetime(2029, 1, 1), datetime(2031, 1, 1)),
    st.timedeltas(timedelta(minutes=1), timedelta(days=400)),
    st.sampled_from([UTC, BERLIN, ZoneInfo("Asia/Kathmandu")]),
)
@settings(max_examples=60)
def test_bars_cover_the_range(begin: datetime, length: timedelta, zone: ZoneInfo) -> None:
    """Without a hole, in few bars, in order."""
    span = TimeRange(begin.replace(tzinfo=UTC), begin.replace(tzinfo=UTC) + length)
    step, _label = span.step()
    edges = boundaries(span.begin, span.end, step, zone)
    assert edges[0] <= span.begin
    assert edges[-1] >= span.end
    assert edges == sorted(set(edges))
    assert 1 <= len(edges) - 1 <= 99


def test_days_begin_at_the_viewers_midnight() -> None:
    """Also over the night in which the clocks change."""
    edges = boundaries(NOW - 3 * DAY, NOW, DAY, BERLIN)
    assert [edge.astimezone(BERLIN).hour for edge in edges] == [0] * len(edges)
    assert {after - before for before, after in pairwise(edges)} == {
        DAY,
        timedelta(hours=23),
    }


@pytest.mark.parametrize("period", PERIODS)
def test_periods(period: str) -> None:
    span = range_of({"period": period}, NOW, UTC, "hour")
    assert (span.end, span.period, span.query) == (NOW, period, f"period={period}")
    assert PERIODS[period][1] <= span.length < PERIODS[period][1] + timedelta(minutes=15)
    assert span.length == HOUR or span.begin.minute % 15 == 0


def test_ends_that_were_chosen() -> None:
    """In the viewer's zone where they do not say theirs; a plus may have become a space."""
    span = range_of({"from": "2030-03-30T10:00", "to": "2030-03-30T12:00"}, NOW, BERLIN, "hour")
    assert (span.begin.hour, span.end.hour, span.period) == (9, 11, "")
    assert range_of({"from": "2030-03-30T10:00:00Z"}, NOW, UTC, "day").end == NOW
    assert moment_of("2030-03-30T10:00:00 02:00", UTC) == datetime(2030, 3, 30, 8, tzinfo=UTC)
    assert range_of({"from": "2030-03-30T10:00:00Z"}, NOW, UTC, "day").query.startswith("from=2030")


@pytest.mark.parametrize("text", ["<x>", "2030-99-99", "", "9" * 400, None])
def test_nonsense_is_the_default(text: str | None) -> None:
    query = {"from": text, "to": text, "period": text}
    assert range_of(query, NOW, UTC, "week") == period_of("week", NOW)


def test_steps_grow_with_the_range() -> None:
    lengths = [HOUR, DAY, 7 * DAY, 30 * DAY, 90 * DAY, 1000 * DAY]
    steps = [TimeRange(NOW - one, NOW).step()[0] for one in lengths]
    assert steps == sorted(steps)
    assert steps[0] == STEPS[0][0]
    assert TimeRange(NOW - HOUR, NOW).step(timedelta(minutes=15))[0] == timedelta(minutes=15)
