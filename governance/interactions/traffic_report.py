"""The traffic report: sums of any time range, exact however many rows the log has.

Whole quarter hours come from the ledgers, what is left at the edges from the rows themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db.models import CharField, Count, Q, QuerySet, Sum
from django.db.models.functions import Cast, Substr

from governance.interactions.bounds import BUCKETS, SOUGHT, edge_of
from governance.interactions.days import BY_COLUMN, DAY, SplitRange, split
from governance.interactions.leading import column_of, narrowed
from governance.interactions.ledger import micro_usd
from governance.interactions.traffic_sums import SUMMED, TOKENS, TrafficSums
from governance.models.interaction import Interaction
from governance.models.traffic_bucket import TrafficBucket
from governance.models.usage_bucket import UsageBucket
from governance.models.usage_day import UsageDay

QUARTER: Final = timedelta(minutes=15)
JUST_NOW: Final = timedelta(seconds=5)
"""A range that ends so long ago was asked for as one that ends now."""
ROWS: Final = 50_000
"""Rows of an edge that are summed; where there are more, its whole quarter hour counts instead."""
COUNTED: Final = (*SUMMED, "errors")
"""What can be added up."""
_TRAFFIC: Final = frozenset({"provider", "model", "outcome", "fallback"})
_USAGE: Final = frozenset({"key_id", "group_id", "owner_id", "profile_id", "provider", "model"})
HOUR: Final = len("2030-01-31 12")
MINUTE: Final = len("2030-01-31 12:34")
"""Of times as texts."""
NO_CODE: Final = "cancelled"
"""The code of an attempt whose caller left, which is no failure."""

Rows = QuerySet[Interaction]


@dataclass(frozen=True, slots=True)
class TrafficQuestion:
    """What is asked."""

    begin: datetime
    end: datetime
    columns: Mapping[str, Any] = field(default_factory=dict)
    """Lookups that requests must match, as `governance.interactions.filters` makes them."""
    bounded: bool = True
    """Whether somebody waits for it, who is told where it is not exact; a bill is whole."""

    def before(self) -> TrafficQuestion:
        """The same of the time before, as long."""
        return replace(self, begin=self.begin - (self.end - self.begin), end=self.begin)

    def rows(self) -> Rows:
        """The requests that match, in no order."""
        within = Interaction.objects.order_by().filter(time__gte=self.begin, time__lt=self.end)
        return narrowed(within, self.columns)


Group = tuple[Any, ...]


@dataclass(slots=True)
class TrafficReport:
    """What was found."""

    groups: dict[Group, TrafficSums] = field(default_factory=dict)
    """By moment (where asked for) and the values of the columns asked for."""
    names: dict[str, str] = field(default_factory=dict)
    """What ids are called."""
    exact: bool = True
    since: datetime | None = None
    """Where it begins, if only the latest part was looked at."""

    def total(self) -> TrafficSums:
        found = TrafficSums()
        for one in self.groups.values():
            found.take(one)
        return found

    def sums(self, group: Group) -> TrafficSums:
        return self.groups.setdefault(group, TrafficSums())


def is_in_ledger(columns: Mapping[str, Any]) -> bool:
    """Whether a ledger tells requests apart by these columns."""
    return in_traffic_ledger(columns) or _columns(columns) <= _USAGE


def in_traffic_ledger(columns: Iterable[str]) -> bool:
    """Whether the traffic ledger does, which is small."""
    return _columns(columns) <= _TRAFFIC


def _columns(lookups: Iterable[str]) -> set[str]:
    return set(map(column_of, lookups))


def traffic_report(
    question: TrafficQuestion,
    by: Sequence[str] = (),
    *,
    moments: bool = False,
    hours: bool = False,
    counts: Sequence[str] = COUNTED,
) -> TrafficReport:
    """Sums by columns, and by quarter hour (by minute at the edges) with `moments`, by whole hours
    where those do; of requests and `counts` alone, where no more is asked for.

    The columns of the question and `by` together must be of one ledger, see `is_in_ledger`.
    """
    needed = {*question.columns, *by}
    traffic = in_traffic_ledger(needed)
    assert traffic or _columns(needed) <= _USAGE, needed
    report = TrafficReport()
    begin, end = _edges(question, report, by, moments, counts)
    if begin >= end:
        return report
    if not traffic and not moments and _of_days(by, question.columns):
        parts = split(begin, end, datetime.now(UTC))
        if parts is not None:
            _add_days(report, by[0], parts, counts, question)
            return report
    model = TrafficBucket if traffic else UsageBucket
    buckets: QuerySet[Any] = model._default_manager.filter(start__gte=begin, start__lt=end)
    buckets = buckets.filter(**question.columns).order_by()
    if question.bounded:
        most = SOUGHT if question.columns and not traffic else BUCKETS
        buckets = _latest(buckets, report, most)
    told = ("outcome", "fallback") if traffic else ()
    if moments and hours:
        buckets = buckets.annotate(minute=_text("start", HOUR))
    at = ("minute" if hours else "start",) if moments else ()
    columns = dict.fromkeys((*at, *by, *told))
    for row in buckets.values(*columns).annotate(**_sums(model, counts)):
        report.sums(_group(row, by, moments)).add(row)
    return report


def _latest(rows: QuerySet[Any], report: TrafficReport, most: int) -> QuerySet[Any]:
    """No more than so many of a ledger, which the report then tells."""
    edge = edge_of(rows, most)
    if edge is None:
        return rows
    report.exact, report.since = False, edge + (DAY if rows.model is UsageDay else QUARTER)
    return rows.filter(start__gt=edge)


def _text(column: str, length: int) -> Substr:
    """The beginning of a time."""
    return Substr(Cast(column, CharField()), 1, length)


def _of_days(by: Sequence[str], columns: Mapping[str, Any]) -> bool:
    """Whether the usage ledger by day tells: all values of one dimension, or some of them."""
    return len(by) == 1 and by[0] in BY_COLUMN and set(columns) <= {f"{by[0]}__in"}


def _add_days(
    report: TrafficReport,
    column: str,
    parts: SplitRange,
    counts: Sequence[str],
    question: TrafficQuestion,
) -> None:
    """From the usage ledger by day, and from the usage ledger what is left at its ends."""
    among = question.columns.get(f"{column}__in")
    for (begin, end), of_days in parts.latest_first():
        place = "value" if of_days else column
        held: QuerySet[Any] = UsageBucket.objects.order_by()
        if of_days:
            held = UsageDay.objects.order_by().filter(dimension=BY_COLUMN[column])
        if among is None:
            rows = held.filter(start__gte=begin, start__lt=end)
            if question.bounded:
                rows = _latest(rows, report, BUCKETS)
        elif of_days:
            # Of few values each day is looked up: the index has all others in between.
            rows = held.filter(value__in=among, start__in=parts.dates())
        else:
            rows = held.filter(**{f"{column}__in": among}, start__gte=begin, start__lt=end)
        for row in rows.values(place).annotate(**_sums(UsageBucket, counts)):
            report.sums((row[place],)).add(row)
        if report.since is not None:
            return


def minutes_report(question: TrafficQuestion, by: Sequence[str] = ()) -> TrafficReport | None:
    """The same from the rows alone, by minute; None where there are more than `ROWS`."""
    if question.rows()[: ROWS + 1].count() > ROWS:
        return None
    report = TrafficReport()
    _add_rows(question.rows(), report, by, True, COUNTED)
    return report


def _edges(
    question: TrafficQuestion,
    report: TrafficReport,
    by: Sequence[str],
    moments: bool,
    counts: Sequence[str],
) -> tuple[datetime, datetime]:
    """Adds what lies before the first and behind the last whole quarter hour, which it returns."""
    begin, end = question.begin.astimezone(UTC), question.end.astimezone(UTC)

    def edge(begin: datetime, end: datetime) -> bool:
        """Whether there were few enough rows to add."""
        rows = TrafficQuestion(begin, end, question.columns).rows()
        if rows[: ROWS + 1].count() > ROWS:
            report.exact = False
            return False
        _add_rows(rows, report, by, moments, counts)
        return True

    first, last = -(-_steps(begin) // 1), _steps(end) // 1
    if first > last:
        edge(begin, end)
        return end, end
    whole = _at(first), _at(last)
    if begin < whole[0] and not edge(begin, whole[0]):
        whole = whole[0] - QUARTER, whole[1]
    now = datetime.now(UTC)
    # Of a quarter hour that has not ended yet, nothing lies behind the end.
    running = whole[1] <= now < whole[1] + QUARTER and end > now - JUST_NOW
    if whole[1] < end and (running or not edge(whole[1], end)):
        whole = whole[0], whole[1] + QUARTER
    return whole


def _steps(moment: datetime) -> float:
    return moment.timestamp() / QUARTER.total_seconds()


def _at(step: float) -> datetime:
    return datetime.fromtimestamp(step * QUARTER.total_seconds(), UTC)


def _add_rows(
    rows: Rows, report: TrafficReport, by: Sequence[str], moments: bool, counts: Sequence[str]
) -> None:
    rows = rows.order_by()
    if moments:
        rows = rows.annotate(minute=_text("time", MINUTE))
    place = dict.fromkeys((*(("minute",) if moments else ()), *by, "outcome", "fallback"))
    for row in rows.values(*place).annotate(
        sum_requests=Count("pk"),
        sum_attempts=Count("pk", filter=~Q(provider="")),
        sum_unpriced=Count("pk", filter=Q(prompt_tokens__isnull=False, cost_usd__isnull=True)),
        cost=Sum("cost_usd"),
        **{f"sum_{name}": Sum(name) for name in TOKENS},
    ):
        row["sum_cost_micro_usd"] = micro_usd(row["cost"])
        report.sums(_group(row, by, moments)).add(row)
    if "failed" not in counts:
        return
    failed = rows.filter(errors__gt="").values(*place, "errors").annotate(times=Count("pk"))
    for row in failed:
        for provider in failed_at(row["errors"]):
            here = {**row, "provider": provider} if "provider" in by else row
            report.sums(_group(here, by, moments)).failed += row["times"]


def failed_at(errors: str) -> Iterable[str]:
    """The provider of each failed attempt: `provider:code`. The error code of the whole request
    stands there by itself."""
    for word in errors.split():
        provider, colon, code = word.partition(":")
        if colon and code != NO_CODE:
            yield provider


def _group(row: Mapping[str, Any], by: Sequence[str], moments: bool) -> Group:
    values = tuple(row[name] for name in by)
    if not moments:
        return values
    if "start" in row:
        return (row["start"], *values)
    return (datetime.fromisoformat(row["minute"]).replace(tzinfo=UTC), *values)


def _sums(model: type[Any], counts: Sequence[str]) -> dict[str, Any]:
    """The traffic ledger tells errors apart as outcomes."""
    names = dict.fromkeys(("requests", *counts))
    if model is TrafficBucket:
        names.pop("errors", None)
    return {f"sum_{name}": Sum(name) for name in names}
