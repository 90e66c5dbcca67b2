"""Numbers that stand in addresses and forms, where anybody may write anything."""

from __future__ import annotations

from typing import Final

DIGITS: Final = 18
"""Of the longest that every database holds; Python refuses to read thousands of them."""


def whole_number(text: object) -> int | None:
    """The number that a text of plain digits is; None for every other thing."""
    said = text.strip() if isinstance(text, str) else ""
    plain = said.isascii() and said.isdigit() and len(said) <= DIGITS
    return int(said) if plain else None
