"""Of several filters the one that leaves least leads: its index is searched, and no other."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import combinations

import pytest
from django.db import connection
from django.test import Client

from gateway.console.interactions.question import question_of
from governance.interactions import leading as module
from governance.interactions.leading import FEWEST_FIRST, fewest, leading, narrowed
from governance.models import Interaction
from tests.governance.interactions.request_contexts import attempt
from tests.governance.interactions.rows import ids, insert_at

FILTERS = {
    "outcome": "ok",
    "fallback": "none",
    "provider": "a",
    "model": "m",
    "profile": "p-1",
    "key": "key-1",
    "requested_model": "chat/fast",
    "session": "run-1",
}


@pytest.mark.parametrize(
    ("columns", "leads"),
    [
        ({}, ""),
        ({"outcome": "ok"}, "outcome"),
        ({"outcome": "ok", "provider": "a"}, "provider"),
        ({"outcome": "refused", "provider": "a"}, "outcome"),
        ({"outcome__in": ("refused", "error"), "model": "m"}, "outcome"),
        ({"outcome": "refused", "key_id": "k"}, "key_id"),
        ({"fallback": "none", "outcome": "cancelled"}, "outcome"),
        ({"fallback": "local", "outcome": "ok"}, "fallback"),
        ({"group_id": "g", "group_id__gt": "", "provider": "a"}, "group_id"),
        ({"session": "s", "session__gt": "", "key_id": "k"}, "session"),
    ],
    ids=str,
)
def test_which_leads(columns: dict[str, str], leads: str) -> None:
    assert leading(columns) == leads


def test_every_indexed_column_has_its_place() -> None:
    indexed = {index.fields[0] for index in Interaction._meta.indexes} - {"-time"}
    assert indexed == {*FEWEST_FIRST, "outcome", "fallback"}


@pytest.mark.django_db
@pytest.mark.parametrize("names", [*combinations(FILTERS, 2)], ids="+".join)
def test_its_index_is_searched_in_the_order_of_the_list(names: tuple[str, str]) -> None:
    query = {name: FILTERS[name] for name in names}
    question = question_of(query, datetime.now(UTC), UTC)
    (rows,) = question.sets()
    sql, parameters = rows.order_by("-time", "-id")[:50].query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", parameters)
        (step,) = [row[3] for row in cursor.fetchall()]
    assert f"USING INDEX interaction_{leading(question.columns)} " in step


@pytest.mark.django_db
def test_what_there_is_little_of_leads_whatever_is_usual(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation with one key has millions of requests of it, and none that was refused."""
    insert_at(*range(5))
    insert_at(7, outcome="refused")
    every = Interaction.objects.all()
    asked = {"key_id": "key-1", "outcome": "refused"}
    assert leading(asked) == "key_id"
    assert fewest(every, asked) == ("outcome", True)
    assert fewest(every, {"key_id": "key-1"}) == ("key_id", False), "there is nothing to choose"
    assert fewest(every, {"key_id": "key-1"}, told=True) == ("key_id", True)
    monkeypatch.setattr(module, "FEW", 1)
    assert fewest(every, asked) == ("key_id", False), "of what is much, what is usual"
    assert fewest(every, {}) == ("", False)


@pytest.mark.django_db
def test_what_is_found_is_the_same(client: Client) -> None:
    insert_at(0, 1, attempts=[attempt(provider="a", model="m")])
    insert_at(2, attempts=[attempt(provider="b", model="m", outcome="retryable")], outcome="error")
    every = Interaction.objects.order_by("id")
    for columns in (
        {"provider": "a", "model": "m"},
        {"outcome__in": ("error", "refused"), "model": "m"},
        {"outcome": "ok", "provider": "b"},
        {"session": "", "session__gt": "", "provider": "a"},
    ):
        plain = ids(every.filter(**columns))
        for lead in (None, "", *columns):
            assert ids(narrowed(every, columns, lead)) == plain
