"""What providers hold is noted once, listed for its own key, and bounded."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.server.held_book import DatabaseHeldBook
from governance import held_entries
from governance.held_entries import forget_held, held_page, note_held
from governance.models import HeldEntry
from inference.values.held_object import HeldObject, HeldPage, HeldRow

pytestmark = pytest.mark.django_db


def page(**given: Any) -> tuple[list[str], bool]:
    asked = {"limit": 2, "beside": "", "newer": False, "oldest_first": False, **given}
    rows, more = held_page("key", "files", **asked)
    return [name for _, name, _ in rows], more


def test_pages_in_both_directions() -> None:
    for name in "abcde":
        note_held("key", "p", "files", name, "{}")
    note_held("other", "p", "files", "x", "{}")
    note_held("key", "p", "file_batches", "y", "{}")
    assert page() == (["e", "d"], True)
    assert page(beside="d") == (["c", "b"], True)
    assert page(beside="b") == (["a"], False)
    assert page(beside="b", newer=True) == (["d", "c"], True)
    assert page(oldest_first=True) == (["a", "b"], True)
    assert page(oldest_first=True, beside="d") == (["e"], False)
    assert page(beside="x") == ([], False)
    forget_held("key", "p", "e")
    assert page() == (["d", "c"], True)


def test_it_is_noted_once_and_told_what_was_not_known() -> None:
    note_held("key", "p", "files", "a", "")
    note_held("key", "p", "files", "a", '{"id": "a"}')
    note_held("key", "p", "files", "a", "{}")
    assert list(HeldEntry.objects.values_list("document", flat=True)) == ['{"id": "a"}']


def test_the_oldest_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held_entries, "MOST", 3)
    for name in "abcdef":
        note_held("key", "p", "files", name, "{}")
    assert page(limit=9) == (["f", "e", "d"], False)


@pytest.mark.django_db(transaction=True)
async def test_the_book_in_the_database() -> None:
    book = DatabaseHeldBook()
    await book.note("key", "p", HeldObject("files", "a", b'{"id": "a\xff\x00"}'))
    found = await book.page("key", "files", limit=1, beside="", newer=False, oldest_first=False)
    assert found == HeldPage([HeldRow("p", "a", '{"id": "a\ufffd"}'.encode())], False)
    await book.forget("key", "p", "a")
    assert not await HeldEntry.objects.aexists()
