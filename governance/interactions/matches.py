"""The latest requests that match, where no ledger tells the filters apart: read once, and counted
by whatever is asked for.

To have the database count them by each filter in turn reads the same rows again and again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import nlargest
from typing import Any, Final, NamedTuple

from django.db.models import CharField, QuerySet
from django.db.models.functions import Cast

from governance.interactions.keyset import Rows
from governance.interactions.latency import FirstTokens
from governance.interactions.ledger import NO_ERROR, micro_usd
from governance.interactions.traffic_report import MINUTE, TrafficReport, failed_at
from governance.interactions.traffic_sums import TrafficSums

MATCHES: Final = 2_500
"""Requests that are looked at."""


class MatchedRow(NamedTuple):
    """What is counted of one. The names are columns of the log."""

    pk: int
    moment: str
    """The time as a text: of so many, few are read as one."""
    outcome: str
    fallback: str
    provider: str
    model: str
    profile_id: str
    key_id: str
    group_id: str
    prompt_tokens: int | None
    completion_tokens: int | None
    cached_tokens: int | None
    cost_usd: float | None
    first_token_ms: float | None
    errors: str


@dataclass(frozen=True, slots=True)
class Matches:
    """Some requests, the latest first."""

    rows: Sequence[MatchedRow]
    since: datetime | None = None
    """Where they begin, if there are more."""

    def by(self, column: str) -> Counter[str]:
        """How many there are of each value."""
        place = MatchedRow._fields.index(column)
        return Counter(str(row[place]) for row in self.rows)

    def by_minute(self) -> TrafficReport:
        """What they add up to."""
        report = TrafficReport()
        minutes: dict[str, TrafficSums] = {}
        for row in self.rows:
            minute = row.moment[:MINUTE]
            if minute not in minutes:
                minutes[minute] = report.sums((_time(minute),))
            sums = minutes[minute]
            sums.requests += 1
            sums.outcomes[row.outcome] = sums.outcomes.get(row.outcome, 0) + 1
            sums.errors += row.outcome not in NO_ERROR
            sums.fallbacks += row.fallback == "target"
            sums.local_fallbacks += row.fallback == "local"
            sums.attempts += row.provider != ""
            sums.failed += len(tuple(failed_at(row.errors))) if row.errors else 0
            sums.prompt_tokens += row.prompt_tokens or 0
            sums.completion_tokens += row.completion_tokens or 0
            sums.cached_tokens += row.cached_tokens or 0
            sums.unpriced += row.prompt_tokens is not None and row.cost_usd is None
            sums.cost_micro_usd += micro_usd(row.cost_usd)
        return report

    def first_tokens(self) -> FirstTokens:
        times = (one.first_token_ms for one in self.rows)
        return FirstTokens(sorted(one for one in times if one is not None), self.since is not None)


def latest_matches(leads: Sequence[Rows], sets: Sequence[Rows], most: int = MATCHES) -> Matches:
    """Of `sets` of requests, each along an index of its own, those among the latest `most` that
    `leads` find; these are what the indexes find alone, before a row is looked at.

    So no more than `most` rows are read, whatever else they must match: each lies somewhere else
    in the log, and has to be fetched from the disk where nobody asked for it of late. They are
    read in the order they were written in.
    """
    since = _edge(leads, most)
    found: dict[int, MatchedRow] = {}
    for rows in sets:
        if since is not None:
            rows = rows.filter(time__gt=since)
        told = _with_moments(rows).order_by("time", "id").values_list(*MatchedRow._fields)
        found.update((row[0], MatchedRow._make(row)) for row in told)
    latest_first = sorted(found.values(), key=lambda row: (row.moment, row.pk), reverse=True)
    return Matches(latest_first, since)


def _edge(leads: Sequence[Rows], most: int) -> datetime | None:
    """The moment behind which there are `most` at the most; None where there are no more."""
    edge: datetime | None = None
    latest: list[str] = []
    for lead in leads:
        rows = lead if edge is None else lead.filter(time__gt=edge)
        told = _with_moments(rows).order_by("-time", "-id").values_list("moment", flat=True)
        latest = nlargest(most + 1, [*latest, *told[: most + 1]])
        if len(latest) > most:
            edge = _time(latest[most])
    return edge


def _with_moments(rows: Rows) -> QuerySet[Any]:
    return rows.annotate(moment=Cast("time", CharField()))


def _time(text: str) -> datetime:
    """PostgreSQL adds the zone, which is UTC; SQLite does not."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
