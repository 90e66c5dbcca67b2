"""Amounts of limits as people read them."""

from __future__ import annotations

from governance.limits import MEASURES
from governance.limits.limit import MICRO, LimitEntry
from governance.texts import gettext


def amount_words(limit: LimitEntry, amount: float) -> str:
    """`$12.50`, `1,200 tokens`, of an amount as the limit counts it."""
    measure = MEASURES[limit.measure]
    if limit.measure == "cost":
        return f"${amount / MICRO:,.2f}"
    return f"{amount / measure.scale:,.10g} {gettext(measure.unit)}"
