"""Paging by key: every row once, whatever is added or removed meanwhile."""

from __future__ import annotations

import pytest

from governance.interactions.keyset import BadCursor, Cursor, cursor_of, oldest_first, page
from governance.models import Interaction
from tests.governance.interactions.rows import START, ids, insert_at

pytestmark = pytest.mark.django_db
ROWS = Interaction.objects.all()


def test_it_works() -> None:
    """Forward to the last page and back to the first."""
    insert_at(0, 1, 2, 3, 4)
    first = page(ROWS.all(), 2)
    assert ids(first.rows) == ["req_4", "req_3"]
    assert first.newer is None
    second = page(ROWS.all(), 2, first.older)
    assert ids(second.rows) == ["req_2", "req_1"]
    last = page(ROWS.all(), 2, second.older)
    assert ids(last.rows) == ["req_0"]
    assert last.older is None
    back = page(ROWS.all(), 2, last.newer)
    assert ids(back.rows) == ["req_2", "req_1"]
    top = page(ROWS.all(), 2, back.newer)
    assert ids(top.rows) == ["req_4", "req_3"]
    assert top.newer is None
    assert top.older is not None


def test_rows_of_the_same_moment() -> None:
    """Time alone does not order them; the id does."""
    insert_at(0, 0, 0, 0, 0)
    seen: list[str] = []
    cursor = None
    while True:
        found = page(ROWS.all(), 2, cursor)
        seen += ids(found.rows)
        cursor = found.older
        if cursor is None:
            break
    assert seen == ["req_4", "req_3", "req_2", "req_1", "req_0"]


def test_rows_added_meanwhile_shift_nothing() -> None:
    insert_at(0, 1, 2, 3)
    first = page(ROWS.all(), 2)
    insert_at(10, 11)
    second = page(ROWS.all(), 2, first.older)
    assert [row.time.minute - START.minute for row in second.rows] == [1, 0]
    newest = page(ROWS.all(), 10, second.newer)
    assert len(newest.rows) == 4


def test_the_row_of_a_cursor_may_be_gone() -> None:
    insert_at(0, 1, 2, 3)
    first = page(ROWS.all(), 2)
    Interaction.objects.filter(request_id="req_2").delete()
    assert ids(page(ROWS.all(), 2, first.older).rows) == ["req_1", "req_0"]


def test_nothing_there() -> None:
    assert page(ROWS.all(), 2) == page(Interaction.objects.none(), 2)
    assert page(ROWS.all(), 2).older is None


def test_oldest_first_reaches_everything() -> None:
    insert_at(3, 1, 2, 2)
    found = oldest_first(ROWS.all(), 3)
    assert ids(found) == ["req_1", "req_2", "req_3"]
    rest = oldest_first(ROWS.all(), 3, Cursor(False, found[-1].time, found[-1].pk))
    assert ids(rest) == ["req_0"]


def test_a_cursor_survives_an_address() -> None:
    cursor = Cursor(True, START, 17)
    assert cursor_of(cursor.text()) == cursor
    assert cursor.text().replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize(
    "text",
    ["", "x", "é", "W10", "bnVsbA", "AAAA", Cursor(True, START, -1).text(), "9" * 5000],
)
def test_what_is_no_cursor(text: str) -> None:
    with pytest.raises(BadCursor):
        cursor_of(text)
