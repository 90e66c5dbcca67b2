"""The list of interactions in the admin: stable pages, and quick at any size and depth."""

from __future__ import annotations

import re
import time
from functools import partial
from html import unescape
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client

from gateway.console.interactions.listing import ListedPage
from governance.interactions.keyset import Cursor
from governance.models import Interaction
from tests.governance.interactions.rows import START, insert_at, insert_many
from tests.support.timing import is_quick

pytestmark = pytest.mark.django_db
LIST = "/admin/governance/interaction/"
OURS = 'FROM "governance_interaction"'


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ann"))
    return client


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.console.interactions.listing.SIZE", 2)


def opened(client: Client, address: str = "") -> ListedPage:
    answer = client.get(LIST + address)
    assert answer.status_code == 200, answer
    assert len(answer.content) <= 150_000
    listed: ListedPage = answer.context["listed"]
    return listed


def minutes(listed: ListedPage) -> list[int]:
    times = Interaction.objects.in_bulk([row.pk for row in listed.rows])
    return [(times[row.pk].time - START).seconds // 60 for row in listed.rows]


@pytest.mark.usefixtures("short_pages")
def test_pages_stay_what_they_are_while_rows_arrive(operator: Client) -> None:
    """To the oldest and back; what arrives meanwhile is found before the newest."""
    insert_at(1, 2, 3, 4, 5)
    first = opened(operator)
    assert (minutes(first), first.newer, first.newest) == ([5, 4], "", "")
    second = opened(operator, first.older)
    insert_at(6, 7, 8)
    assert minutes(opened(operator, first.older)) == minutes(second) == [3, 2]
    last = opened(operator, second.older)
    assert (minutes(last), last.older) == ([1], "")
    assert minutes(opened(operator, last.newer)) == [3, 2]
    back = opened(operator, second.newer)
    assert minutes(back) == [5, 4]
    assert minutes(opened(operator, back.newer)) == [7, 6]
    assert minutes(opened(operator, last.newest)) == [8, 7]


@pytest.mark.usefixtures("short_pages")
def test_filters_are_kept_and_other_filters_begin_at_the_newest(operator: Client) -> None:
    """The links repeat the filters; the form of filters does not repeat the page."""
    insert_at(1, 2, 3, outcome="cancelled")
    insert_at(4, 5, 6)
    first = opened(operator, "?outcome__exact=cancelled&q=")
    second = opened(operator, first.older)
    assert minutes(second) == [1]
    assert "outcome=cancelled" in second.newest
    html = unescape(operator.get(LIST + first.older).content.decode())
    assert 'name="outcome" value="cancelled"' in html
    assert 'name="p"' not in html


@pytest.mark.parametrize("page", ["3", "%00", "W10", Cursor(True, START, 1).text()[:-2]])
def test_the_address_of_no_page_is_the_newest(operator: Client, page: str) -> None:
    insert_at(1, 2)
    assert minutes(opened(operator, f"?p={page}")) == [2, 1]


@pytest.mark.usefixtures("short_pages")
def test_a_page_whose_rows_are_gone_leads_to_the_newest(operator: Client) -> None:
    insert_at(1, 2, 3)
    older = opened(operator).older
    Interaction.objects.filter(request_id="req_0").delete()
    gone = opened(operator, older)
    assert minutes(gone) == []
    assert minutes(opened(operator, gone.newest)) == [3, 2]


def test_an_empty_log_says_so(operator: Client) -> None:
    assert b"No requests yet" in operator.get(LIST).content
    assert b"Nothing matches" in operator.get(LIST, {"q": "http_503"}).content


QUERIES: dict[str, int] = {
    "": 3,
    "?outcome__exact=cancelled": 3,
    "?outcome__exact=ok": 3,
    "?provider=slow": 4,
    "?model=huge": 3,
    "?model=none": 3,
    "?profile=p-1": 6,
    "?key=key-1": 5,
    "?fallback__exact=target": 3,
    "?fallback__exact=none": 3,
    "?period=week": 3,
    "?time_from_0=2030-03-17&time_to_0=2030-03-18&time_to_1=06:00": 3,
    "?q=http_503": 14,
    "?q=nowhere+to+be+found": 14,
    "?q=req_77": 4,
    "?outcome__exact=ok&provider=slow": 6,
    "?outcome__exact=retryable&profile=p-1&q=nowhere": 19,
    "?p={deep}": 3,
    "?p={deepest}": 3,
    "?p={middle}&outcome__exact=ok": 3,
}
"""Of each view, those for the person included. Words may stand for much: each sense is a query.
Of several filters each is counted, which of them leaves least, and no further than a bound."""


class Queries:
    """Those the database is asked."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, Any]] = []

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        self.seen.append((sql, params))
        return execute(sql, params, many, context)


def opening(client: Client, address: str, queries: Queries) -> float:
    """The seconds it takes."""
    queries.seen.clear()
    began = time.perf_counter()
    with connection.execute_wrapper(queries):
        opened(client, address)
    return time.perf_counter() - began


def test_a_hundred_thousand_rows(operator: Client) -> None:
    """Each view takes its few queries, every one along an index: none reads or sorts the table.

    They open within 300 ms.
    """
    insert_many(100_000)
    operator.get(LIST)
    places = {"deepest": 10, "deep": 60, "middle": 50_000}
    rows = Interaction.objects.order_by("time", "id")
    cursors = {
        name: Cursor(name != "deep", rows[place].time, rows[place].pk).text()
        for name, place in places.items()
    }
    found: dict[str, int] = {}
    slow: list[str] = []
    for address in QUERIES:
        queries = Queries()
        if not is_quick(partial(opening, operator, address.format(**cursors), queries), 0.3):
            slow.append(address)
        found[address] = len(queries.seen)
        for sql, params in queries.seen:
            if OURS in sql:
                assert_by_index(sql, params)
    assert found == QUERIES
    assert not slow


def assert_by_index(sql: str, params: Any) -> None:
    """The database's own plan; and a count stops at its bound."""
    assert "COUNT(" not in sql or re.search(r"LIMIT 1000\) subquery$", sql), sql
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        steps = [row[3] for row in cursor.fetchall()]
    for step in steps:
        assert "TEMP B-TREE" not in step, (sql, steps)
        assert "governance_interaction" not in step or "INDEX" in step, (sql, steps)
