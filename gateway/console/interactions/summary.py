"""What the requests of a list add up to: totals, a histogram, and counts to narrow it further.

Exact from the ledgers where they tell the filters apart, else from the latest rows that match.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from gateway.console.interactions.question import FILTERS, InteractionQuestion, named
from gateway.console.monitoring.ranges import MINUTE, TimeRange, boundaries, in_address
from governance.interactions.filters import RESOLVED, Columns
from governance.interactions.keyset import Rows
from governance.interactions.latency import SAMPLE, first_tokens, percentile
from governance.interactions.record import FALLBACKS, OUTCOMES
from governance.interactions.traffic_report import (
    QUARTER,
    TrafficQuestion,
    TrafficReport,
    TrafficSums,
    is_in_ledger,
    minutes_report,
    rows_report,
    traffic_report,
)
from governance.models import ApiKey, Group, Interaction, RoutingProfile, TrafficBucket

MATCHES: Final = 20_000
"""Rows that are looked at where the ledgers do not tell the filters apart, the latest."""
SHOWN: Final = 12
"""Values of one facet."""
FACETS: Final[Mapping[str, str]] = {
    "outcome": "outcome",
    "fallback": "fallback",
    "provider": "provider",
    "model": "model",
    "profile": "profile_id",
    "key": "key_id",
    "group": "group_id",
}
"""Filters that are offered with counts, and their columns."""
_MODELS: Final[Mapping[str, Any]] = {"profile": RoutingProfile, "key": ApiKey, "group": Group}


@dataclass(frozen=True, slots=True)
class FacetValue:
    """One value to narrow the list by; `query` leads to the list with it, or without it again."""

    label: str
    count: int | None
    query: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """Values of one filter, the most frequent first."""

    name: str
    label: str
    values: tuple[FacetValue, ...]
    more: int
    """How many values there are beside these."""
    exact: bool = True


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
    span = _span(question, now)
    if span is None:
        return None
    within = replace(question, begin=span.begin, end=span.end)
    exact = not question.words and is_in_ledger(question.columns)
    rows, since = within.rows(), None
    if not exact:
        rows, since = _latest(rows)
    report = _report(TrafficQuestion(span.begin, span.end, question.columns), rows, exact, span)
    least = QUARTER if _is_coarse(report) else MINUTE
    edges, step = _edges(span, least, zone)
    times = first_tokens(rows)
    totals = report.total()
    return ListSummary(
        totals,
        report.exact and since is None,
        since or report.since,
        percentile(times, 0.5),
        percentile(times, 0.95),
        len(times) >= SAMPLE,
        tuple(_facet(name, within, rows, exact) for name in FACETS),
        tuple(_bars(report, edges)),
        in_address(edges[-1]),
        step,
    )


def _span(question: InteractionQuestion, now: datetime) -> TimeRange | None:
    """The range, no longer than the log is: ledgers stay when rows are pruned."""
    times = Interaction.objects.values_list("time", flat=True)
    oldest = times.order_by("time", "id").first()
    newest = times.order_by("-time", "-id").first()
    if oldest is None or newest is None:
        return None
    end = question.end or max(now, newest + timedelta(seconds=1))
    begin = max(question.begin or oldest, oldest)
    return TimeRange(min(begin, end - MINUTE), end)


def _latest(rows: Rows) -> tuple[Rows, datetime | None]:
    """No more than `MATCHES` of them, and since when, if there are more."""
    times = rows.order_by("-time", "-id").values_list("time", flat=True)
    edge = next(iter(times[MATCHES : MATCHES + 1]), None)
    return (rows, None) if edge is None else (rows.filter(time__gt=edge), edge)


def _report(question: TrafficQuestion, rows: Rows, exact: bool, span: TimeRange) -> TrafficReport:
    if not exact:
        return rows_report(rows, moments=True)
    if span.step()[0] < QUARTER:
        fine = minutes_report(question)
        if fine is not None:
            return fine
    return traffic_report(question, moments=True)


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


def _facet(name: str, question: InteractionQuestion, rows: Rows, exact: bool) -> Facet:
    """Counted without its own filter, so that another value can be chosen, where ledgers tell."""
    column = FACETS[name]
    others = _without(question, name)
    told = exact and is_in_ledger({**others, column: ""})
    if told and question.begin is not None and question.end is not None:
        asked = TrafficQuestion(question.begin, question.end, others)
        report = traffic_report(asked, (column,))
    else:
        report = rows_report(rows, (column,))
    counts = {value: sums.requests for (value,), sums in report.groups.items()}
    counts = {value: count for value, count in counts.items() if value and count}
    chosen = question.values.get(name)
    ordered = sorted(counts, key=lambda value: (-counts[value], value))
    shown = ordered[:SHOWN]
    names = names_of(name, shown)
    return Facet(
        name,
        str(FILTERS[name]),
        tuple(
            facet_value(question, name, value, names.get(value, value), counts[value], chosen)
            for value in shown
        ),
        len(ordered) - len(shown),
        report.exact,
    )


def _without(question: InteractionQuestion, name: str) -> Columns:
    found: Columns = {}
    for other, value in question.values.items():
        if other != name:
            found |= RESOLVED[other](value)
    return found


def facet_value(
    question: InteractionQuestion,
    name: str,
    value: str,
    label: str,
    count: int | None,
    chosen: str | None,
) -> FacetValue:
    """`chosen`: the value of this filter that is in force."""
    is_chosen = chosen is not None and chosen in (value, label)
    query = question.query(**{name: None if is_chosen else value})
    return FacetValue(label, count, f"?{query}", is_chosen)


def names_of(name: str, values: Sequence[str]) -> dict[str, str]:
    """What values of a filter are called, by one query at most."""
    model = _MODELS.get(name)
    if model is None:
        return {value: named(name, value) for value in values}
    found = model.objects.filter(pk__in=values).values_list("pk", "name")
    return {str(pk): called for pk, called in found}


def suggested(
    question: InteractionQuestion, name: str, typed: str, now: datetime
) -> list[FacetValue]:
    """Values whose names hold what was typed, with their requests in the range."""
    found = _matching(name, typed)
    span = _span(question, now)
    counts: dict[Any, int] = {}
    column = FACETS[name]
    if span is not None and found and not question.words:
        columns = {**_without(question, name)}
        if is_in_ledger({**columns, column: ""}):
            for value in found:
                asked = TrafficQuestion(span.begin, span.end, {**columns, column: value})
                counts[value] = traffic_report(asked).total().requests
    chosen = question.values.get(name)
    ordered = sorted(found, key=lambda value: (-counts.get(value, 0), found[value]))
    return [
        facet_value(question, name, value, found[value], counts.get(value), chosen)
        for value in ordered
    ]


def _matching(name: str, typed: str) -> dict[str, str]:
    """Values by what they are called."""
    model = _MODELS.get(name)
    if model is not None:
        rows = model.objects.filter(name__icontains=typed).order_by("name")
        return {str(pk): called for pk, called in rows.values_list("pk", "name")[:SHOWN]}
    if name in ("provider", "model"):
        buckets = TrafficBucket.objects.filter(**{f"{name}__icontains": typed}).order_by()
        found = buckets.exclude(**{name: ""}).values_list(name, flat=True).distinct()[:SHOWN]
        return {value: value for value in found}
    words = {value: named(name, value) for value in _words(name)}
    return {value: said for value, said in words.items() if typed.casefold() in said.casefold()}


def _words(name: str) -> Sequence[str]:
    return tuple(OUTCOMES if name == "outcome" else FALLBACKS)
