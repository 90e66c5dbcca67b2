"""How much of a ledger is looked at for a figure that somebody waits for."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db.models import QuerySet, Subquery

BUCKETS: Final = 500_000
"""Of any ledger; where there are more, the latest of them."""
SOUGHT: Final = 50_000
"""Of the usage ledger where a filter finds them: they lie far apart."""


def edge_of(rows: QuerySet[Any], most: int) -> datetime | None:
    """The `start` behind which there are no more than `most`; None where there are no more at all.

    Ledgers are written in the order of time, so the numbers of the first and the last row say how
    many there can be in between. To count them is to read their index.
    """
    ends = {
        name: Subquery(rows.order_by(order).values("pk")[:1])
        for name, order in (("first", "start"), ("last", "-start"))
    }
    told = rows.model._default_manager.order_by().annotate(**ends).values_list(*ends)[:1]
    first, last = next(iter(told), (None, None))
    if first is None or last is None or abs(last - first) < most:
        return None
    found = rows.order_by("-start").values_list("start", flat=True)[most : most + 1]
    return next(iter(found), None)
