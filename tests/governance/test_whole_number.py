"""Whatever stands where a number should, nothing is raised."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.whole_number import whole_number


@pytest.mark.parametrize(
    ("text", "found"), [("0", 0), (" 12 ", 12), ("007", 7), ("9" * 18, 10**18 - 1)]
)
def test_plain_digits_are_a_number(text: str, found: int) -> None:
    assert whole_number(text) == found


@pytest.mark.parametrize("text", ["", "-1", "1.0", "1_0", "²", "٣", "1" * 19, "9" * 5000, None, 1])
def test_nothing_else_is(text: object) -> None:
    assert whole_number(text) is None


@given(st.text())
def test_whatever_is_written(text: str) -> None:
    found = whole_number(text)
    assert found is None or 0 <= found < 2**63
