"""Words are found wherever they stand, also where two windows meet."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.translate.messages import passthrough
from inference.translate.sealing import SEAM
from inference.translate.signature import UNSIGNED
from inference.values import raw_search
from inference.values.raw_search import holds, holds_any

WORDS = (b'"b"', b"abba")


@settings(max_examples=100, deadline=None)
@given(
    text=st.text('ab"', max_size=60),
    window=st.integers(1, 60),
    long=st.integers(0, 61),
    tries=st.integers(1, 20),
)
def test_as_in_all_of_it(text: str, window: int, long: int, tries: int) -> None:
    raw = msgspec.Raw(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(raw_search, "WINDOW", window)
        patch.setattr(raw_search, "_LONG", long)
        patch.setattr(raw_search, "_TRIES", tries)
        assert holds_any(raw, WORDS) == any(word in bytes(raw) for word in WORDS)


def test_behind_the_first_window() -> None:
    long = b"x" * (raw_search.WINDOW - 2)
    assert holds_any(msgspec.Raw(long + b"abba" + long), WORDS)
    assert not holds_any(msgspec.Raw(long + b"abb" + long), WORDS)


@pytest.mark.parametrize("letter", [b"x", b"a"])
def test_behind_a_rare_letter_and_a_frequent_one(letter: bytes) -> None:
    long = letter * 100_000
    assert holds(long + b"abba" + long, b"abba")
    assert holds(long + b"abba", b"abba")
    assert not holds(long + b"abby" + long, b"abba")


def test_both_marks_of_passing_messages_hold_what_is_looked_for() -> None:
    for mark in (SEAM, UNSIGNED):
        assert passthrough._OURS in mark.encode()
