"""The figures of a range of time, compared with the one before: tiles, charts, and who made them.

Exact from the ledgers. Times to the first token come from bounded samples of the rows.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from django.db.models import Max
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from gateway.console.monitoring.ranges import MINUTE, TimeRange, are_hours, boundaries
from governance.interactions.latency import (
    SAMPLE,
    first_tokens,
    first_tokens_by_part,
    percentile,
)
from governance.interactions.traffic_report import (
    QUARTER,
    TrafficQuestion,
    TrafficReport,
    minutes_report,
    traffic_report,
)
from governance.interactions.traffic_sums import TrafficSums
from governance.models import ApiKey, Group, Revision, RoutingProfile, UsageBucket

TOP: Final = 10
BY: Final[Mapping[str, tuple[str, str | Promise, Any]]] = {
    "profile": ("profile_id", gettext_lazy("Routing profile"), RoutingProfile),
    "provider": ("provider", gettext_lazy("Provider"), None),
    "model": ("model", gettext_lazy("Model"), None),
    "key": ("key_id", gettext_lazy("API key"), ApiKey),
    "group": ("group_id", gettext_lazy("Group"), Group),
}
"""What traffic is told apart by: the column, what people call it, and where names stand."""
SORTS: Final[Mapping[str, str | Promise]] = {
    "requests": gettext_lazy("Requests"),
    "errors": gettext_lazy("Errors"),
    "failed": gettext_lazy("Failed attempts"),
    "prompt_tokens": gettext_lazy("Tokens in"),
    "completion_tokens": gettext_lazy("Tokens out"),
    "cost_micro_usd": gettext_lazy("Cost"),
}
COARSE: Final = timedelta(hours=6)
"""Bars in which it is not seen to which of them an hour at the edge counts."""
MARKS: Final = 30
"""Changes of the configuration that are told of one range, the latest."""


@dataclass(frozen=True, slots=True)
class TopRow:
    """One of those that made most of the traffic."""

    value: str
    label: str
    sums: TrafficSums
    share: float
    """Of what the table is sorted by, in percent of the first."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A range as the dashboard shows it."""

    totals: TrafficSums
    before: TrafficSums
    p50: float | None
    p95: float | None
    before_p50: float | None
    sampled: bool
    exact: bool
    edges: tuple[datetime, ...]
    bars: tuple[TrafficSums, ...]
    before_bars: tuple[int, ...]
    """Requests of the range before, bar by bar."""
    latencies: tuple[tuple[float | None, float | None], ...]
    """Median and 95th percentile to the first token, bar by bar."""
    step: str
    changes: tuple[Revision, ...] = field(default=())


def figures(span: TimeRange, zone: tzinfo) -> Figures:
    """A fixed number of queries, whatever was asked."""
    question = TrafficQuestion(span.begin, span.end)
    report, fine = _moments(question, span, zone)
    step, label = span.step(MINUTE if fine else QUARTER)
    edges = boundaries(span.begin, span.end, step, zone)
    bars = _bars(report, edges)
    before = question.before()
    # Its bars are moved by as long as the range is, which is no number of hours.
    earlier = traffic_report(before, moments=True, hours=step >= COARSE)
    shift = span.length
    before_bars = [one.requests for one in _bars(earlier, [edge - shift for edge in edges])]
    times = first_tokens(question.rows())
    times_before = first_tokens(before.rows(), SAMPLE // 10)
    parts = first_tokens_by_part(edges)
    changes = Revision.objects.filter(when__gte=span.begin, when__lt=span.end).defer("changes")
    return Figures(
        totals=report.total(),
        before=earlier.total(),
        p50=times.p50,
        p95=times.p95,
        before_p50=times_before.p50,
        sampled=times.sampled,
        exact=report.exact and earlier.exact,
        edges=tuple(edges),
        bars=tuple(bars),
        before_bars=tuple(before_bars),
        latencies=tuple((percentile(one, 0.5), percentile(one, 0.95)) for one in parts),
        step=label,
        changes=tuple(changes[:MARKS]),
    )


def _moments(
    question: TrafficQuestion, span: TimeRange, zone: tzinfo
) -> tuple[TrafficReport, bool]:
    """By minute where there is room for it and the rows are few, else by quarter hour or hour."""
    if span.step()[0] < QUARTER:
        found = minutes_report(question)
        if found is not None:
            return found, True
    edges = boundaries(span.begin, span.end, span.step(QUARTER)[0], zone)
    return traffic_report(question, moments=True, hours=are_hours(edges)), False


def _bars(report: TrafficReport, edges: Sequence[datetime]) -> list[TrafficSums]:
    bars = [TrafficSums() for _edge in edges[1:]]
    for (moment, *_rest), sums in report.groups.items():
        place = min(max(bisect_right(edges, moment) - 1, 0), len(bars) - 1)
        bars[place].take(sums)
    return bars


def top(span: TimeRange, by: str, sort: str) -> tuple[list[TopRow], int, bool]:
    """Those with most of it, how many there are beside them, and whether that is exact.

    To add up all of it for thousands of keys takes three times as long as to find the first.
    """
    column, _label, model = BY[by]
    question = TrafficQuestion(span.begin, span.end)
    amounts = traffic_report(question, (column,), counts=(sort,))
    found_of = amounts.groups.items()
    most_first = {value: getattr(sums, sort) for (value,), sums in found_of if value}
    ordered = sorted(most_first, key=lambda value: (-most_first[value], value))
    shown = ordered[:TOP]
    among = replace(question, columns={f"{column}__in": shown})
    report = traffic_report(among, (column,)) if shown else TrafficReport()
    found = {value: report.sums((value,)) for value in shown}
    names = _names(by, column, model, shown)
    most = max((getattr(found[value], sort) for value in shown), default=0) or 1
    rows = [
        TopRow(
            value,
            names.get(value, value),
            found[value],
            round(100 * getattr(found[value], sort) / most, 1),
        )
        for value in shown
    ]
    return rows, len(ordered) - len(shown), amounts.exact


def _names(by: str, column: str, model: Any, values: Sequence[str]) -> dict[str, str]:
    """What they are called now, or were when they were last used."""
    if model is None:
        return {}
    there = model.objects.filter(pk__in=values).values_list("pk", "name")
    found = {str(pk): name for pk, name in there}
    gone = [value for value in values if value not in found]
    if gone:
        noted = UsageBucket.objects.filter(**{f"{column}__in": gone}).order_by()
        found |= dict(noted.values_list(column).annotate(called=Max(f"{by}_name")))
    return found
