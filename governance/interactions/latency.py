"""Times to the first token from bounded samples: percentiles of a range, and of its parts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from math import ceil
from typing import Final

from django.db import connection
from django.db.models import QuerySet

from governance.models.interaction import Interaction

SAMPLE: Final = 10_000
"""The latest requests that are looked at."""
PART: Final = 200
"""The latest requests of one part of a range that are looked at."""


def percentile(ordered: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile of a sorted sample; None of an empty one."""
    if not ordered:
        return None
    return ordered[max(0, ceil(len(ordered) * share - 1e-9) - 1)]


@dataclass(frozen=True, slots=True)
class FirstTokens:
    """Of some requests."""

    milliseconds: Sequence[float]
    """Sorted; of those that were answered."""
    sampled: bool
    """There are more requests, of which these are the latest."""

    @property
    def p50(self) -> float | None:
        return percentile(self.milliseconds, 0.5)

    @property
    def p95(self) -> float | None:
        return percentile(self.milliseconds, 0.95)


def first_tokens(rows: QuerySet[Interaction], most: int = SAMPLE) -> FirstTokens:
    """Of the latest of these. Where they are told apart by their time alone, an index has it."""
    latest = rows.order_by("-time", "-id").values_list("first_token_ms", flat=True)[:most]
    found = list(latest)
    return FirstTokens(sorted(one for one in found if one is not None), len(found) == most)


def first_tokens_by_part(boundaries: Sequence[datetime]) -> list[list[float]]:
    """The same of every part between two neighbours, by one query that reads few rows of each."""
    table = connection.ops.quote_name(Interaction._meta.db_table)
    moment = connection.ops.adapt_datetimefield_value
    found: list[list[float]] = [[] for _ in boundaries[1:]]
    selects, values = [], []
    for place, (begin, end) in enumerate(pairwise(boundaries)):
        selects.append(
            f"SELECT part, first_token_ms FROM (SELECT {place} AS part, first_token_ms "  # noqa: S608  # our names
            f"FROM {table} WHERE time >= %s AND time < %s "
            f"ORDER BY time DESC, id DESC LIMIT {PART}) AS part_{place}"
        )
        values += [moment(begin), moment(end)]
    if not selects:
        return found
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(selects), values)
        for place, milliseconds in cursor.fetchall():
            if milliseconds is not None:
                found[place].append(milliseconds)
    for one in found:
        one.sort()
    return found
