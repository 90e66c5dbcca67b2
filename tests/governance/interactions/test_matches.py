"""The latest requests that match: as many rows are read as were to be looked at, and no more."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection

from gateway.console.interactions.question import question_of
from governance.interactions.matches import latest_matches
from governance.models import Interaction
from tests.governance.interactions.request_contexts import attempt
from tests.governance.interactions.rows import insert_at

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rows() -> None:
    insert_at(*range(0, 40, 2), attempts=[attempt(provider="a", model="m")])
    late = [attempt(provider="b", model="m", outcome="retryable", code="http_503")]
    insert_at(*range(1, 40, 2), attempts=late, outcome="retryable", error_code="http_503")


QUESTIONS: list[dict[str, str]] = [
    {"model": "m"},
    {"provider": "a", "model": "m"},
    {"outcome": "any_error"},
    {"outcome": "retryable", "provider": "b"},
    {"outcome": "ok", "provider": "b"},
    {"q": "http_503"},
    {"q": "http_503", "key": "key-1"},
    {"q": "m", "outcome": "ok"},
    {"q": "b"},
]


@pytest.mark.parametrize("query", QUESTIONS, ids=str)
def test_they_are_the_latest_of_the_list(query: dict[str, str]) -> None:
    question = question_of(query, datetime.now(UTC), UTC)
    sets = question.sets()
    every = sorted(
        {row.pk: row for one in sets for row in one}.values(), key=lambda row: (row.time, row.pk)
    )
    whole = latest_matches(question.leads(), sets)
    assert [row.pk for row in whole.rows] == [row.pk for row in reversed(every)]
    assert whole.since is None
    part = latest_matches(question.leads(), sets, 7)
    assert len(part.rows) <= 7
    if part.since is None:
        assert len(part.rows) == len(every)
    else:
        assert [row.pk for row in part.rows] == [
            row.pk for row in reversed(every) if row.time > part.since
        ]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="the plan is that of SQLite")
@pytest.mark.parametrize("query", QUESTIONS, ids=str)
def test_where_they_begin_is_found_in_indexes_alone(query: dict[str, str]) -> None:
    question = question_of(query, datetime.now(UTC), UTC)
    asked: list[tuple[str, Any]] = []

    def noted(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        asked.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(noted):
        latest_matches(question.leads(), question.sets(), 7)
    edges, found = asked[: len(question.leads())], asked[len(question.leads()) :]
    for sql, params in edges:
        assert "USING COVERING INDEX" in _plan(sql, params), sql
    for sql, params in found:
        assert "TEMP B-TREE" not in _plan(sql, params), sql
        assert "SEARCH governance_interaction USING" in _plan(sql, params), sql
    assert Interaction.objects.count() == 40


def _plan(sql: str, params: Any) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        return "; ".join(row[3] for row in cursor.fetchall())
