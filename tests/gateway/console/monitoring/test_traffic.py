"""Traffic by period, profile and provider: exact sums, bounded queries."""

from __future__ import annotations

import random
import statistics
import time
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gateway.console.monitoring import traffic as module
from gateway.console.monitoring.traffic import PERIODS, percentile, traffic
from governance.interactions.record import InteractionRecord
from inference.record.describe import describe
from tests.governance.interactions.request_contexts import PROFILE, attempt, plan, request_context
from tests.governance.interactions.rows import START, insert, insert_at, insert_many
from tests.support.timing import is_quick

pytestmark = pytest.mark.django_db
HOUR, DAY, WEEK = PERIODS["hour"], PERIODS["day"], PERIODS["week"]


def drawn(rng: random.Random, number: int, now: datetime) -> InteractionRecord:
    """Some request of the last two hours."""
    outcome = rng.choice(["ok", "ok", "retryable", "cancelled", "refused"])
    profile = rng.choice([None, PROFILE, replace(PROFILE, id="p-2", name="Other")])
    code = "cancelled" if outcome == "cancelled" else "http_503"
    tried = [attempt(provider=rng.choice(["a", "b"]), outcome=outcome, code=code)]
    return describe(
        request_context(
            id=f"req_{number}",
            at=now.timestamp() - rng.uniform(0, 7200),
            plan=plan(profile=profile),
            attempts=[attempt(outcome="retryable"), *tried] if rng.random() < 0.3 else tried,
            outcome=outcome,
            error_code="" if outcome == "ok" else "broke",
            first_token=None if outcome != "ok" else rng.uniform(0.01, 3),
        ),
        rng.choice([None, 0.0, 0.25]),
    )


def test_sums_are_those_of_the_records() -> None:
    """Counted once more the long way, from the records themselves."""
    now, rng = START + timedelta(hours=9), random.Random(4)
    records = [drawn(rng, number, now) for number in range(400)]
    insert(records)
    found = traffic(HOUR, now)
    since = (now - timedelta(hours=1)).isoformat(timespec="milliseconds")[:23]
    inside = [one for one in records if one.time.rstrip("Z") >= since]
    assert 100 < len(inside) < 300
    assert found.complete

    def check(totals: module.Totals, mine: list[InteractionRecord]) -> None:
        assert totals.requests == len(mine)
        assert totals.errors == sum(one.outcome not in ("ok", "cancelled") for one in mine)
        assert totals.fallbacks == sum(one.fallback != "none" for one in mine)
        assert totals.prompt_tokens == sum(one.usage.prompt for one in mine if one.usage)
        assert totals.cost_usd == pytest.approx(sum(one.cost_usd or 0 for one in mine))
        times = sorted(one.first_token_ms for one in mine if one.first_token_ms is not None)
        assert totals.first_token_median == statistics.median_low(times)
        assert totals.first_token_95th == percentile(times, 0.95)

    check(found.totals, inside)
    assert set(found.by_profile) == {"", "Light", "Other"}
    for name, totals in found.by_profile.items():
        check(totals, [one for one in inside if (one.profile.name if one.profile else "") == name])
    for name, totals in found.by_provider.items():
        mine = [one for one in inside if one.provider == name]
        assert totals.requests == len(mine)
        if mine:
            check(totals, mine)
        tries = [attempt for one in inside for attempt in one.attempts if attempt.provider == name]
        failed = [one for one in tries if one.outcome != "ok" and one.code != "cancelled"]
        assert totals.failed_attempts == len(failed)
    # It only ever failed before another one was tried.
    assert (found.by_provider["fast"].requests, found.by_provider["fast"].errors) == (0, 0)
    assert found.by_provider["fast"].failed_attempts > 0
    counts = [totals.requests for totals in found.by_profile.values()]
    assert counts == sorted(counts, reverse=True)


@pytest.mark.parametrize(("period", "bars"), [(HOUR, 61), (DAY, 145), (WEEK, 169)])
def test_bars_cover_the_period_and_hold_every_request(period: module.Period, bars: int) -> None:
    """The first and the last bar are cut where the period begins and ends."""
    now = START + timedelta(days=30, seconds=7)
    length = period.length.total_seconds() / 60
    end = (now - START).total_seconds() / 60
    insert_at(end - length - 1, end - length + 0.2, end - length / 2, end - 0.2, end, end + 1)
    found = traffic(period, now)
    assert len(found.bars) == bars
    assert sum(bar.requests for bar in found.bars) == found.totals.requests == 4
    assert found.bars[0].requests == 1
    assert found.bars[-1].requests + found.bars[-2].requests == 2


def test_nothing_is_no_trouble() -> None:
    found = traffic(HOUR, START)
    assert (found.totals.requests, found.by_profile, found.complete) == (0, {}, True)
    assert found.totals.first_token_median is None


def test_more_than_it_looks_at_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """The latest count, and the moment they begin is told."""
    monkeypatch.setattr(module, "ROWS", 3)
    insert_at(1, 2, 3, 4, 5)
    found = traffic(HOUR, START + timedelta(minutes=6))
    assert not found.complete
    assert found.since == START + timedelta(minutes=2)
    assert found.totals.requests == 4
    insert_at(6)


def test_times_come_from_the_latest_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SAMPLE", 2)
    insert_at(1, first_token=9.0)
    insert_at(2, 3, first_token=0.5)
    assert traffic(HOUR, START + timedelta(minutes=6)).totals.first_token_95th == 500


def test_a_hundred_thousand_rows() -> None:
    """Within 300 ms on an idle machine, by four queries; with room for a busy one."""
    insert_many(100_000)
    now = START + timedelta(seconds=100_000)

    def seconds() -> float:
        began = time.perf_counter()
        with CaptureQueriesContext(connection) as captured:
            found = traffic(WEEK, now)
        took = time.perf_counter() - began
        assert len(captured) == 4
        assert found.totals.requests == 100_000
        return took

    traffic(DAY, now)
    assert is_quick(seconds, 0.9)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([7], 0.95, 7),
        ([1, 2], 0.5, 1),
        ([1, 2, 3], 0.5, 2),
        (list(range(1, 21)), 0.95, 19),
        (list(range(1, 101)), 0.95, 95),
        (list(range(1, 102)), 0.95, 96),
        ([1, 2, 3], 1.0, 3),
    ],
)
def test_percentile_is_the_nearest_rank(
    values: list[float], share: float, expected: float | None
) -> None:
    assert percentile(values, share) == expected
