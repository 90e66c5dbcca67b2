"""The usage page."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from gateway.console.usage.cells import sound
from governance.models import TrafficBucket, UsageBucket, UsageDay
from tests.gateway.console.sent import text_of
from tests.governance.interactions.rows import fill_days

PAGE = "/admin/usage/"


@pytest.fixture(autouse=True)
def rows(db: None) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    for owner, cost, unpriced in (("ann", 2_500_000, 0), ("bob", 0, 1)):
        UsageBucket.objects.create(
            start=now,
            key_id=f"k-{owner}",
            key_name=f"Key of {owner}",
            owner_id=owner,
            owner_name=owner,
            provider="acme",
            model="m-1",
            requests=1000,
            prompt_tokens=10,
            cost_micro_usd=cost,
            unpriced=unpriced,
        )
        TrafficBucket.objects.create(
            start=now,
            provider="acme",
            model="m-1",
            outcome="ok" if cost else "cancelled",
            fallback="none",
            requests=1000,
            prompt_tokens=10,
            cost_micro_usd=cost,
            unpriced=unpriced,
        )
    fill_days()


def test_it_works(admin: Client) -> None:
    answer = admin.get(PAGE)
    text = text_of(answer)
    assert "$2.50" in text
    assert "2,000" in text
    assert "price unknown" in text, "never $0.00"
    assert "Key of ann" in text
    assert "Sound" not in text, "nobody used any"
    assert "acme" in text_of(admin.get(f"{PAGE}?by=provider&period=day"))


def test_an_owner_sees_the_own_keys_alone(member: Any) -> None:
    text = text_of(member(name="bob").get(PAGE))
    assert "Key of bob" in text
    assert "Key of ann" not in text
    assert "$2.50" not in text


def again() -> None:
    UsageDay.objects.all().delete()
    fill_days()


def test_rows_add_up_to_the_totals(admin: Client) -> None:
    """Whatever they are told apart by, with what copies of requests used, which are no requests."""
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    UsageBucket.objects.create(
        start=now,
        key_id="k-ann",
        provider="shadow",
        model="m-2",
        shadow=True,
        attempts=3,
        prompt_tokens=7,
        cost_micro_usd=500_000,
    )
    again()
    for by in ("key", "group", "owner", "profile", "provider", "model"):
        lines = admin.get(f"{PAGE}?by={by}&format=csv").content.decode().splitlines()
        rows = list(csv.DictReader(lines))
        assert sum(int(one["requests"]) for one in rows) == 2000, by
        assert sum(float(one["cost_usd"] or 0) for one in rows) == 3, by
        assert sum(int(one["input_tokens"]) for one in rows) == 27, by
        tiles = {cell.name: cell.text for _, cell in admin.get(f"{PAGE}?by={by}").context["tiles"]}
        assert (tiles["cost_usd"], tiles["requests"], tiles["input_tokens"]) == (
            *("$3.00", "2,000", "27"),
        )


def test_sound_images_and_characters_where_there_are_any(admin: Client) -> None:
    units = {"audio_milliseconds": 90_500, "images": 4, "characters": 1200}
    UsageBucket.objects.filter(owner_id="ann").update(**units)
    TrafficBucket.objects.filter(outcome="ok").update(**units)
    again()
    for by in ("key", "provider"):
        text = text_of(admin.get(f"{PAGE}?by={by}&sort=images"))
        for words in ("Sound", "90 s", "Images", "Characters", "1,200"):
            assert words in text, (by, words)
    assert sound(3600) == "60 min"


def test_a_row_leads_to_its_requests(admin: Client, member: Any) -> None:
    """With the same range; for those who may see them."""
    href = 'href="/admin/governance/interaction/?key=k-ann&amp;period=week"'
    assert href in admin.get(f"{PAGE}?period=week").content.decode()
    assert 'owner=ann&amp;period=day"' in admin.get(f"{PAGE}?period=day&by=owner").content.decode()
    shown = member("governance.view_usagebucket").get(f"{PAGE}?period=week").content.decode()
    assert "Key of ann" in shown
    assert "governance/interaction/?key" not in shown


def test_the_time_before_stands_beside(admin: Client) -> None:
    earlier = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=1)
    TrafficBucket.objects.create(start=earlier - timedelta(hours=1), requests=9)
    for owner in ("ann", "gone"):
        UsageBucket.objects.create(
            start=earlier - timedelta(hours=1), key_id=f"k-{owner}", cost_micro_usd=5_000_000
        )
    again()
    named = {value: cells for value, _, cells in admin.get(f"{PAGE}?period=day").context["named"]}
    assert named["k-ann"][0].change == "-50 %"
    assert "k-gone" not in named
    by_requests = admin.get(f"{PAGE}?period=day&sort=requests").context["named"]
    assert {value: cells[1].change for value, _, cells in by_requests}["k-bob"] == "new"


def test_any_range_sorted_by_any_column(admin: Client) -> None:
    """With charts as long as their range, and the table in the order that was asked for."""
    for query in ("period=hour", "period=quarter", "from=2026-01-01T00:00&sort=requests"):
        answer = admin.get(f"{PAGE}?{query}")
        for chart in answer.context["charts"].values():
            assert {len(one["values"]) for one in chart["series"]} == {len(chart["begins"])}
        requests = answer.context["charts"]["requests"]["series"][0]["values"]
        assert sum(requests) == 2000
    named = admin.get(f"{PAGE}?sort=cost_usd").context["named"]
    names = [name for _value, name, _cells in named]
    assert names == ["Key of ann", "Key of bob"]
    assert b'aria-sort="descending"' in answer.content


def test_nothing_used_is_said(admin: Client) -> None:
    answer = admin.get(f"{PAGE}?from=2020-01-01T00:00&to=2020-01-02T00:00")
    assert "Nothing was used in this time" in text_of(answer)
    assert answer.context["charts"] is None
