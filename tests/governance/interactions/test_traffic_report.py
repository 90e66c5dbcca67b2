"""Sums of any range: those of the records, wherever its ends lie."""

from __future__ import annotations

import random
import statistics
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec
import pytest

from gateway.collector.store import Store
from governance.interactions import traffic_report as module
from governance.interactions.latency import first_tokens, first_tokens_by_part, percentile
from governance.interactions.matches import latest_matches
from governance.interactions.record import InteractionRecord, NamedRef
from governance.interactions.traffic_report import (
    TrafficQuestion,
    is_in_ledger,
    minutes_report,
    traffic_report,
)
from governance.interactions.traffic_sums import TrafficSums
from governance.models import Interaction
from inference.record.describe import describe
from tests.governance.interactions.request_contexts import PROFILE, attempt, plan, request_context
from tests.governance.interactions.rows import START

pytestmark = pytest.mark.django_db
KEYS = [NamedRef("k-1", "One"), NamedRef("k-2", "Two"), None]


def drawn(rng: random.Random, number: int, now: datetime) -> InteractionRecord:
    """Some request of the last two hours."""
    outcome = rng.choice(["ok", "ok", "retryable", "cancelled", "refused"])
    profile = rng.choice([None, PROFILE, replace(PROFILE, id="p-2", name="Other")])
    code = "cancelled" if outcome == "cancelled" else "http_503"
    tried = [attempt(provider=rng.choice(["a", "b"]), outcome=outcome, code=code)]
    record = describe(
        request_context(
            id=f"req_{number}",
            at=now.timestamp() - rng.uniform(0, 7200),
            plan=plan(profile=profile),
            attempts=[attempt(outcome="retryable"), *tried] if rng.random() < 0.3 else tried,
            outcome=outcome,
            error_code="" if outcome == "ok" else "broke",
            first_token=None if outcome != "ok" else rng.uniform(0.01, 3),
        ),
    )
    return msgspec.structs.replace(record, key=rng.choice(KEYS))


@pytest.fixture
def records() -> list[InteractionRecord]:
    """As the collector writes them."""
    rng, now = random.Random(4), START + timedelta(hours=9)
    made = [drawn(rng, number, now) for number in range(400)]
    Store("test").commit(made, [], {})
    return made


def within(records: list[InteractionRecord], begin: datetime, end: datetime):
    return [one for one in records if begin <= datetime.fromisoformat(one.time) < end]


def check(sums: TrafficSums, mine: list[InteractionRecord]) -> None:
    assert sums.requests == len(mine)
    assert sums.errors == sum(one.outcome not in ("ok", "cancelled") for one in mine)
    assert sums.prompt_tokens == sum(one.usage.prompt for one in mine if one.usage)


@pytest.mark.parametrize("minutes", [(7, 52), (0, 60), (3, 9), (14, 16), (15, 30), (1, 119)])
def test_sums_are_those_of_the_records(
    records: list[InteractionRecord], minutes: tuple[int, int]
) -> None:
    """Counted once more the long way, from the records themselves."""
    hours = START + timedelta(hours=7)
    begin, end = (hours + timedelta(minutes=one) for one in minutes)
    mine = within(records, begin, end)
    question = TrafficQuestion(begin, end)
    total = traffic_report(question).total()
    check(total, mine)
    assert total.fallbacks == sum(one.fallback == "target" for one in mine)
    assert total.outcomes == {
        outcome: sum(one.outcome == outcome for one in mine)
        for outcome in {one.outcome for one in mine}
    }
    attempts = [two for one in mine for two in one.attempts]
    assert total.failed == sum(one.outcome not in ("ok", "cancelled") for one in attempts)
    fine = minutes_report(question)
    assert fine is not None
    check(fine.total(), mine)
    by_moment = traffic_report(question, moments=True)
    check(by_moment.total(), mine)
    assert all(begin - timedelta(minutes=15) < moment < end for moment, *_ in by_moment.groups)
    by_hour = traffic_report(question, moments=True, hours=True)
    check(by_hour.total(), mine)
    for hour in {moment.replace(minute=0) for moment, *_ in by_hour.groups}:
        here = [sums for (at, *_), sums in by_hour.groups.items() if at.replace(minute=0) == hour]
        expected = within(mine, hour, hour + timedelta(hours=1))
        assert sum(sums.requests for sums in here) == len(expected)


@pytest.mark.parametrize("by", ["provider", "model", "outcome", "profile_id", "key_id"])
def test_groups_are_those_of_the_records(records: list[InteractionRecord], by: str) -> None:
    begin, end = START + timedelta(hours=7, minutes=4), START + timedelta(hours=8, minutes=40)

    def value(one: InteractionRecord) -> str:
        if by.endswith("_id"):
            named = getattr(one, by.removesuffix("_id"))
            return named.id if named else ""
        return str(getattr(one, by))

    mine = within(records, begin, end)
    found = traffic_report(TrafficQuestion(begin, end), (by,)).groups
    assert {name for (name,), sums in found.items() if sums.requests} == set(map(value, mine))
    for (name,), sums in found.items():
        assert sums.requests == sum(value(one) == name for one in mine)
    (name, *_), _sums = max(found.items(), key=lambda one: one[1].requests)
    narrowed = traffic_report(TrafficQuestion(begin, end, {by: name})).total()
    assert narrowed.requests == found[(name,)].requests
    rows = Interaction.objects.filter(time__gte=begin, time__lt=end, **{by: name})
    assert len(latest_matches([rows], [rows]).rows) == narrowed.requests


def test_more_rows_at_an_edge_than_it_looks_at_is_said(
    records: list[InteractionRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The whole quarter hour counts instead, and it is no longer exact."""
    monkeypatch.setattr(module, "ROWS", 2)
    begin, end = START + timedelta(hours=7, minutes=7), START + timedelta(hours=8)
    report = traffic_report(TrafficQuestion(begin, end))
    assert not report.exact
    quarter = timedelta(minutes=15)
    wider = within(records, begin - quarter, end + quarter)
    assert len(within(records, begin, end)) <= report.total().requests <= len(wider)
    assert minutes_report(TrafficQuestion(begin, end)) is None


def test_more_buckets_than_it_looks_at_is_said(
    records: list[InteractionRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BUCKETS", 5)
    begin = START + timedelta(hours=7)
    report = traffic_report(TrafficQuestion(begin, begin + timedelta(hours=2)), ("key_id",))
    assert not report.exact
    assert report.since is not None
    assert report.since > begin


def test_what_no_ledger_tells_apart() -> None:
    assert is_in_ledger({"provider": "a", "outcome": "ok"})
    assert is_in_ledger({"key_id": "a", "profile_id": "b"})
    assert not is_in_ledger({"key_id": "a", "outcome": "ok"})
    assert not is_in_ledger({"session": "a"})


def test_an_unknown_price_is_not_for_free() -> None:
    assert TrafficSums(unpriced=1).cost_usd is None
    assert TrafficSums().cost_usd == 0
    assert TrafficSums(unpriced=1, cost_micro_usd=1_500_000).cost_usd == 1.5


def test_times_to_the_first_token(records: list[InteractionRecord]) -> None:
    times = sorted(one.first_token_ms for one in records if one.first_token_ms is not None)
    found = first_tokens(Interaction.objects.all())
    assert found.milliseconds == pytest.approx(times)
    assert found.p50 == pytest.approx(statistics.median_low(times))
    assert not found.sampled
    assert first_tokens(Interaction.objects.all(), 10).sampled
    edges = [START + timedelta(hours=7, minutes=30 * place) for place in range(5)]
    parts = first_tokens_by_part(edges)
    assert [len(part) for part in parts] == [
        sum(one.first_token_ms is not None for one in within(records, begin, end))
        for begin, end in pairwise(edges)
    ]


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


def test_a_sum_by_day_says_where_it_begins(
    records: list[InteractionRecord], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days and what is left at the ends, the latest first: none of it is read beyond the bound."""
    begin, end = START - timedelta(days=3), START + timedelta(days=3)
    whole = traffic_report(TrafficQuestion(begin, end), ("key_id",))
    assert whole.exact
    monkeypatch.setattr(module, "BUCKETS", 1)
    part = traffic_report(TrafficQuestion(begin, end), ("key_id",))
    assert not part.exact
    assert part.since is not None
    assert part.total().requests <= whole.total().requests
    asked = TrafficQuestion(begin, end, bounded=False)
    assert traffic_report(asked, ("provider",)).total().requests == whole.total().requests
