"""Names that were noted with requests and may be gone: of the latest of the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext

from governance.interactions import search
from governance.models import UsageBucket

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 1, tzinfo=UTC)


def noted(number: int) -> None:
    UsageBucket.objects.create(
        start=START + timedelta(hours=number), key_id=f"k-{number}", key_name=f"Gone {number}"
    )


@pytest.mark.parametrize("words", ["gone", "GONE"])
def test_names_of_the_latest_are_found_and_earlier_ones_are_not_read(
    monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    monkeypatch.setattr(search, "BUCKETS", 3)
    for number in range(6):
        noted(number)
    assert [one for one in search.meanings(words) if one in keys(range(6))] == keys((5, 4, 3))


def test_a_ledger_of_fewer_is_read_whole() -> None:
    noted(1)
    assert Q(key_id="k-1") in search.meanings("gone")
    assert Q(key_id="k-1") not in search.meanings("nowhere")


def test_what_is_compared_is_bounded_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL compares first and bounds then, where the bound is a list of ids."""
    monkeypatch.setattr(search, "BUCKETS", 3)
    for number in range(6):
        noted(number)
    with CaptureQueriesContext(connection) as asked:
        search.meanings("gone")
    (compared,) = [one["sql"] for one in asked if "key_name" in one["sql"]]
    assert '"start" >= ' in compared


def keys(numbers: Iterable[int]) -> list[Q]:
    return [Q(key_id=f"k-{number}") for number in numbers]
