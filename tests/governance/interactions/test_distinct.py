"""Each value of a column, found by a step for each."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from governance.interactions.distinct import distinct_values, values_with
from governance.interactions.keyset import page
from governance.interactions.search import meanings
from governance.models import Interaction
from tests.governance.interactions.request_contexts import attempt
from tests.governance.interactions.rows import ids, insert_at

pytestmark = pytest.mark.django_db


def test_it_works() -> None:
    assert distinct_values("provider") == []
    insert_at(0, 1, attempts=[attempt(provider="beta", model="Größe")])
    insert_at(2, attempts=[attempt(provider="alpha", model="small")])
    insert_at(3, attempts=[])
    assert distinct_values("provider") == ["alpha", "beta"]
    assert distinct_values("model", 1) == ["Größe"]
    assert values_with("model", "GRÖ", 10) == ["Größe"]
    assert values_with("model", "sm", 1) == ["small"]
    assert values_with("model", "nowhere", 10) == []


def test_a_column_without_an_index_is_no_such_column() -> None:
    with pytest.raises(AssertionError):
        distinct_values("node")


def test_a_search_in_vain_reads_no_rows() -> None:
    """The words of errors stand in their index."""
    insert_at(0, outcome="retryable", error_code="http_503")
    with CaptureQueriesContext(connection) as captured:
        found = page([Interaction.objects.filter(one) for one in meanings("nowhere")], 50)
    assert ids(found.rows) == []
    (errors,) = [one["sql"] for one in captured if "LIKE" in one["sql"] and "errors" in one["sql"]]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {errors}")
        plan = [row[3] for row in cursor.fetchall()]
    assert plan == ["SCAN governance_interaction USING INDEX interaction_error_words"]
