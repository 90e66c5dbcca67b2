"""The usage page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from governance.models import TrafficBucket, UsageBucket
from tests.gateway.console.sent import text_of

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


def test_it_works(admin: Client) -> None:
    answer = admin.get(PAGE)
    text = text_of(answer)
    assert "$2.50" in text
    assert "2,000" in text
    assert "price unknown" in text, "never $0.00"
    assert "Key of ann" in text
    assert b"format=csv" in answer.content
    assert "acme" in text_of(admin.get(f"{PAGE}?by=provider&period=day"))


def test_an_owner_sees_the_own_keys_alone(member: Any) -> None:
    text = text_of(member(name="bob").get(PAGE))
    assert "Key of bob" in text
    assert "Key of ann" not in text
    assert "$2.50" not in text


def test_any_range_sorted_by_any_column(admin: Client) -> None:
    """With charts as long as their range, and the table in the order that was asked for."""
    for query in ("period=hour", "period=quarter", "from=2026-01-01T00:00&sort=requests"):
        answer = admin.get(f"{PAGE}?{query}")
        for chart in answer.context["charts"].values():
            assert {len(one["values"]) for one in chart["series"]} == {len(chart["begins"])}
        requests = answer.context["charts"]["requests"]["series"][0]["values"]
        assert sum(requests) == 2000
    names = [name for name, _row in admin.get(f"{PAGE}?sort=cost_usd").context["named"]]
    assert names == ["Key of ann", "Key of bob"]
    assert b'aria-sort="descending"' in answer.content


def test_nothing_used_is_said(admin: Client) -> None:
    answer = admin.get(f"{PAGE}?from=2020-01-01T00:00&to=2020-01-02T00:00")
    assert "Nothing was used in this time" in text_of(answer)
    assert answer.context["charts"] is None
