"""Which of several filters of the log goes along its index.

SQLite keeps no statistics of ours and takes any of them: for the answers of one key it would look
through all answers. PostgreSQL knows better by itself.
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
USUAL: Final[Mapping[str, tuple[str, ...]]] = {"outcome": NO_ERROR, "fallback": ("none",)}
"""What most requests have in common. Other values are rarer than any model."""


def leading(columns: Mapping[str, Any]) -> str:
    """The column that is searched by, of the lookups asked for; "" where there is none."""
    asked = dict.fromkeys(one.partition("__")[0] for one in columns)
    rare = [one for one in USUAL if one in asked and columns.get(one) not in USUAL[one]]
    usual = [one for one in USUAL if one in asked and one not in rare]
    known = [one for one in FEWEST_FIRST if one in asked]
    few = [one for one in known if one in SELECTIVE]
    return next(iter([*few, *rare, *known, *usual]), "")


def narrowed(rows: Rows, columns: Mapping[str, Any], lead: str | None = None) -> Rows:
    """Rows that match; `lead` names the column to search by, none where it is empty."""
    if lead is None:
        lead = leading(columns)
    if connection.vendor != "sqlite":
        return rows.filter(**columns)
    for lookup, value in columns.items():
        column, _, rest = lookup.partition("__")
        if column == lead:
            rows = rows.filter(**{lookup: value})
        else:
            # A column with a sign before it is what it is, but no index is searched by it.
            passed = Func(F(column), template="+%(expressions)s", output_field=CharField())
            name = f"passed_{column}"
            rows = rows.alias(**{name: passed}).filter(**{f"{name}__{rest or 'exact'}": value})
    return rows
