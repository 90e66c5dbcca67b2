"""Which of several filters of the log goes along its index.

SQLite keeps no statistics of ours and takes any of them: for the answers of one key it would look
through all answers. PostgreSQL knows better by itself. Figures that are found in a bounded number
of rows go by it on both.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.db import connection
from django.db.models import CharField, F, Func

from governance.interactions.keyset import Rows
from governance.interactions.ledger import NO_ERROR

FEWEST_FIRST: Final = (
    *("request_id", "session", "key_id", "requested_model"),
    *("owner_id", "group_id", "profile_id", "model", "provider"),
)
"""Columns by how many requests share a value of theirs."""
SELECTIVE: Final = FEWEST_FIRST[: FEWEST_FIRST.index("model")]
FEW: Final = 1_000
"""Requests that are read sooner than it is found out whether another filter leaves less."""
USUAL: Final[Mapping[str, tuple[str, ...]]] = {"outcome": NO_ERROR, "fallback": ("none",)}
"""What most requests have in common. Other values are rarer than any model."""


def column_of(lookup: str) -> str:
    return lookup.partition("__")[0]


def leading(columns: Mapping[str, Any]) -> str:
    """The column that is searched by, of the lookups asked for; "" where there is none."""
    asked = dict.fromkeys(map(column_of, columns))
    rare = [one for one in USUAL if one in asked and columns.get(one) not in USUAL[one]]
    usual = [one for one in USUAL if one in asked and one not in rare]
    known = [one for one in FEWEST_FIRST if one in asked]
    few = [one for one in known if one in SELECTIVE]
    return next(iter([*few, *rare, *known, *usual]), "")


def ahead(columns: Mapping[str, Any], lead: str) -> dict[str, Any]:
    """What is asked of this column."""
    return {lookup: value for lookup, value in columns.items() if column_of(lookup) == lead}


def fewest(rows: Rows, columns: Mapping[str, Any], *, told: bool = False) -> tuple[str, bool]:
    """The column that fewest of the rows share a value of, and whether these are few; of a single
    column that is only looked up where it is to be `told`.

    The indexes tell, of which no more is read than few are; what is many everywhere is left to
    what is usual: an installation may have a single key, and millions of requests of it.
    """
    usual = leading(columns)
    leads = dict.fromkeys(map(column_of, columns))
    if len(leads) < 2 and not told:
        return usual, False
    counts: dict[str, int] = {}
    for lead in leads:
        found = rows.order_by().filter(**ahead(columns, lead))
        counts[lead] = found.values("pk")[:FEW].count()
    least = min(counts, key=lambda one: (counts[one], one != usual), default=usual)
    return least, counts.get(least, FEW) < FEW


def narrowed(rows: Rows, columns: Mapping[str, Any], lead: str | None = None) -> Rows:
    """Rows that match; `lead` names the column to search by, none where it is empty."""
    if connection.vendor != "sqlite":
        return rows.filter(**columns)
    if lead is None:
        lead, _few = fewest(rows, columns)
    for lookup, value in columns.items():
        column, rest = column_of(lookup), lookup.partition("__")[2]
        if column == lead:
            rows = rows.filter(**{lookup: value})
        else:
            # A column with a sign before it is what it is, but no index is searched by it.
            passed = Func(F(column), template="+%(expressions)s", output_field=CharField())
            name = f"passed_{column}"
            rows = rows.alias(**{name: passed}).filter(**{f"{name}__{rest or 'exact'}": value})
    return rows
