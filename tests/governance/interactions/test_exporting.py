"""What callers and operators call things is text wherever it is opened."""

from __future__ import annotations

import pytest

from governance.interactions.exporting import safe_cell


@pytest.mark.parametrize("begin", [*"=+-@\t\r\n", *"\uff1d\uff0b\uff0d\uff20"], ids=ascii)
def test_no_cell_is_a_formula(begin: str) -> None:
    found = safe_cell(f'{begin}HYPERLINK("https://evil.example")')
    assert str(found).startswith(f"'{begin}")


def test_other_cells_stay_as_they_are() -> None:
    assert [safe_cell(one) for one in ("gpt-5", "", None, 7, -7)] == ["gpt-5", "", "", 7, -7]
