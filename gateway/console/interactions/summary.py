"""What the requests of a list add up to: totals, a histogram, and counts to narrow it further.

Exact from the ledgers where they tell the filters apart, else from the latest rows that match.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo

from gateway.console.interactions.facets import (
    FACETS,
    Facet,
    FacetCounts,
    FoundRows,
    facet,
    span_of,
)
from gateway.console.interactions.question import InteractionQuestion
from gateway.console.monitoring.ranges import MINUTE, TimeRange, are_hours, boundaries, in_address
from governance.interactions.latency import FirstTokens, first_tokens
from governance.interactions.traffic_report import (
    QUARTER,
    TrafficQuestion,
    TrafficReport,
    minutes_report,
    traffic_report,
)
from governance.interactions.traffic_sums import TrafficSums


@dataclass(frozen=True, slots=True)
class HistogramBar:
    """Requests of one step of the range."""

    begins: str
    requests: int
    errors: int


@dataclass(frozen=True, slots=True)
class ListSummary:
    """All of it."""

    totals: TrafficSums
    exact: bool
    since: datetime | None
    """Where it begins, if only the latest part was looked at."""
    first_token_p50: float | None
    first_token_p95: float | None
    sampled: bool
    """The percentiles are those of the latest answers."""
    facets: tuple[Facet, ...]
    bars: tuple[HistogramBar, ...]
    ends: str
    """Of the last bar."""
    step: str


def summary(question: InteractionQuestion, now: datetime, zone: tzinfo) -> ListSummary | None:
    """None where the log is empty."""
    span = span_of(question, now)
    if span is None:
        return None
    within = replace(question, begin=span.begin, end=span.end)
    found = FoundRows(within)
    if found.in_ledger:
        asked = TrafficQuestion(span.begin, span.end, question.columns)
        report = _report(asked, span, hours=are_hours(_edges(span, QUARTER, zone)[0]))
        since = report.since
    else:
        report, since = found.matches.by_minute(), found.matches.since
    times = _first_tokens(within, found)
    edges, step = _edges(span, QUARTER if _is_coarse(report) else MINUTE, zone)
    counts = FacetCounts(question, span, found)
    return ListSummary(
        report.total(),
        report.exact and since is None,
        since,
        times.p50,
        times.p95,
        times.sampled,
        tuple(facet(name, counts) for name in FACETS),
        tuple(_bars(report, edges)),
        in_address(edges[-1]),
        step,
    )


def _first_tokens(question: InteractionQuestion, found: FoundRows) -> FirstTokens:
    """Those of all requests stand in an index."""
    if question.columns or question.words:
        return found.matches.first_tokens()
    return first_tokens(question.within())


def _report(question: TrafficQuestion, span: TimeRange, *, hours: bool) -> TrafficReport:
    if span.step()[0] < QUARTER:
        fine = minutes_report(question)
        if fine is not None:
            return fine
    return traffic_report(question, moments=True, hours=hours)


def _is_coarse(report: TrafficReport) -> bool:
    """Whether it tells quarter hours apart and no minutes."""
    return all(moment.minute % 15 == 0 for moment, *_ in report.groups)


def _edges(span: TimeRange, least: timedelta, zone: tzinfo) -> tuple[list[datetime], str]:
    step, label = span.step(least)
    return boundaries(span.begin, span.end, step, zone), label


def _bars(report: TrafficReport, edges: Sequence[datetime]) -> list[HistogramBar]:
    counts = [[0, 0] for _ in edges[1:]]
    for (moment, *_), sums in report.groups.items():
        place = min(max(bisect_right(edges, moment) - 1, 0), len(counts) - 1)
        counts[place][0] += sums.requests
        counts[place][1] += sums.errors
    return [
        HistogramBar(in_address(begins), requests, errors)
        for begins, (requests, errors) in zip(edges, counts, strict=False)
    ]
