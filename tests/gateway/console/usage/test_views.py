"""The usage page."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from governance.models import UsageBucket
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
