"""The values of an indexed column of the log: a step along the index for each value, where DISTINCT
would read an entry for each request."""

from __future__ import annotations

from itertools import islice
from typing import Final

from django.db import connection

from governance.models.interaction import Interaction

MOST: Final = 5_000
"""Values that are looked at, in their order."""


def distinct_values(column: str, most: int = MOST) -> list[str]:
    """Those that are not empty. The column must be the first of an index."""
    assert column in {index.fields[0] for index in Interaction._meta.indexes if not index.condition}
    quote = connection.ops.quote_name
    name, table = quote(column), quote(Interaction._meta.db_table)
    least = f"SELECT min({name}) FROM {table} WHERE {name} > "  # noqa: S608  # our names
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE walk(value) AS ({least} '' UNION ALL SELECT ({least} walk.value) "  # noqa: S608
            "FROM walk WHERE walk.value IS NOT NULL) "
            f"SELECT value FROM walk WHERE value IS NOT NULL LIMIT {most:d}"
        )
        return [value for (value,) in cursor.fetchall()]


def values_with(column: str, words: str, most: int) -> list[str]:
    """The first of them in which the words stand, whatever the case."""
    part = words.casefold()
    found = (one for one in distinct_values(column) if part in one.casefold())
    return list(islice(found, most))
