"""Words are found wherever they stand, also where two windows meet."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.values import raw_search
from inference.values.raw_search import holds_any

WORDS = (b'"b"', b"abba")


@settings(max_examples=50, deadline=None)
@given(text=st.text('ab"', max_size=60), window=st.integers(1, 8))
def test_as_in_all_of_it(text: str, window: int) -> None:
    raw = msgspec.Raw(text.encode())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(raw_search, "WINDOW", window)
        assert holds_any(raw, WORDS) == any(word in bytes(raw) for word in WORDS)


def test_behind_the_first_window() -> None:
    long = b"x" * (raw_search.WINDOW - 2)
    assert holds_any(msgspec.Raw(long + b"abba" + long), WORDS)
    assert not holds_any(msgspec.Raw(long + b"abb" + long), WORDS)
