"""The usage report is exact, whichever ledger it comes from."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from gateway.collector.store import Store
from governance.interactions.days import split
from governance.interactions.traffic_report import TrafficQuestion, traffic_report
from governance.interactions.usage_report import UsageQuestion, usage_report
from governance.models import UsageBucket, UsageDay
from governance.routing.table import VirtualKey
from inference.record.describe import describe
from tests.governance.interactions.request_contexts import attempt, request_context
from tests.governance.interactions.rows import fill_days

NOW = datetime.now(UTC).replace(second=0, microsecond=0)
DAY = timedelta(days=1)


@pytest.fixture
def used(db: None) -> None:
    """Keys that are renamed now and then, over five days, taken in by several batches."""
    rng = random.Random(5)
    records = []
    for number in range(120):
        at = NOW - timedelta(minutes=rng.random() * 5 * 24 * 60)
        key = VirtualKey(f"k{number % 7}", f"Key {number % 7}", frozenset())
        record = describe(
            request_context(
                id=f"r{number}", at=at.timestamp(), virtual_key=key, attempts=[attempt()]
            )
        )
        record.attempts[0].cost_usd = rng.random()
        records.append(record)
    for place in range(0, len(records), 25):
        Store("test").commit(records[place : place + 25], [], {})


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        (NOW - 4 * DAY, NOW + DAY),
        (NOW - 4 * DAY - timedelta(hours=5), NOW - DAY),
        (NOW - timedelta(hours=3), NOW),
        (NOW - 2 * DAY, NOW - 2 * DAY + timedelta(hours=1)),
    ],
)
def test_it_works(used: None, begin: datetime, end: datetime) -> None:
    """A report by key is what the quarters of an hour add up to, wherever the range cuts days."""
    expected: Counter[str] = Counter()
    cost: Counter[str] = Counter()
    for row in UsageBucket.objects.filter(start__gte=begin, start__lt=end):
        expected[row.key_id] += row.requests
        cost[row.key_id] += row.cost_micro_usd
    found = usage_report(UsageQuestion(begin, end, ("key",)))
    assert {row["key"]: row["requests"] for row in found} == expected
    assert {row["key"]: round(float(row["cost_usd"]) * 1_000_000) for row in found} == cost
    some = tuple(expected)[:2]
    told = usage_report(UsageQuestion(begin, end, ("key",), among=some))
    assert {row["key"]: row["requests"] for row in told} == {one: expected[one] for one in some}


def test_the_top_of_a_range_is_the_same(used: None) -> None:
    question = TrafficQuestion((NOW - 3 * DAY).replace(minute=0), NOW + timedelta(hours=1))
    report = traffic_report(question, ("key_id",))
    expected: Counter[str] = Counter()
    for row in UsageBucket.objects.filter(start__gte=question.begin, start__lt=question.end):
        expected[row.key_id] += row.requests
    assert {key: sums.requests for (key,), sums in report.groups.items()} == expected
    assert report.exact


def test_an_upgrade_finds_the_same_days(used: None) -> None:
    columns = ("dimension", "start", "value", "name", "requests", "prompt_tokens", "cost_micro_usd")
    before = sorted(UsageDay.objects.values_list(*columns))
    UsageDay.objects.all().delete()
    fill_days()
    assert sorted(UsageDay.objects.values_list(*columns)) == before


def test_names_are_those_that_were_noted_last(db: None) -> None:
    for days, name in ((3, "Zebra"), (2, "Adder"), (0, "Adder")):
        UsageBucket.objects.create(
            start=NOW.replace(minute=0) - days * DAY, key_id="k", key_name=name, requests=1
        )
    fill_days()
    (row,) = usage_report(UsageQuestion(NOW - 5 * DAY, NOW + DAY, ("key",)))
    assert (row["key_name"], row["requests"]) == ("Adder", 3)


def test_days_are_whole_where_the_range_holds_all_of_them() -> None:
    noon = datetime(2030, 1, 31, 12, tzinfo=UTC)
    midnight = noon.replace(hour=0)
    parts = split(noon - 2 * DAY, noon, noon)
    assert parts is not None
    assert parts.days == (midnight - DAY, midnight + DAY)
    assert parts.ends == ((noon - 2 * DAY, midnight - DAY),)
    parts = split(midnight - DAY, noon, noon + DAY)
    assert parts is not None
    assert parts.days == (midnight - DAY, midnight)
    assert parts.ends == ((midnight, noon),)
    assert split(noon - timedelta(hours=1), noon, noon + DAY) is None
