"""Who served a session is remembered for an hour, and for no more sessions than there is room."""

from __future__ import annotations

from governance.routing.sessions import Served
from inference.dispatch import session_book
from inference.dispatch.session_book import SessionBook


def test_it_remembers_who_served_and_since_when() -> None:
    now = [100.0]
    book = SessionBook(lambda: now[0])
    assert book.served("key\np\ns") is None
    book.note("key\np\ns", "one", "m")
    now[0] = 200.0
    book.note("key\np\ns", "one", "m")
    assert book.served("key\np\ns") == Served("one", "m", 100.0)
    book.note("key\np\ns", "two", "m")
    assert book.served("key\np\ns") == Served("two", "m", 200.0)
    now[0] += session_book.KEPT + 1
    assert book.served("key\np\ns") is None
    book.forget("key\np\ns")
    book.forget("other\np\ns")
    assert len(book) == 0


def test_names_that_callers_choose_are_bounded_per_key() -> None:
    """The oldest of the key go first; other keys lose nothing."""
    book = SessionBook(lambda: 0.0)
    book.note("quiet\np\ns", "one", "m")
    for number in range(session_book.PER_KEY + 10):
        book.note(f"loud\np\n{number}", "one", "m")
    assert len(book) == session_book.PER_KEY + 1
    assert book.served("quiet\np\ns") is not None
    assert book.served("loud\np\n0") is None
    for number in range(session_book.KEYS + 10):
        book.note(f"key-{number}\np\ns", "one", "m")
    assert len(book._keys) == session_book.KEYS
