"""The usage report: sums of the ledger, exact however many rows the log has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import F, Max, QuerySet, Sum
from django.db.models.functions import TruncDay, TruncHour

from governance.interactions.days import SplitRange, split
from governance.interactions.ledger import DIMENSIONS
from governance.limits.limit import MICRO
from governance.models.usage_bucket import UsageBucket
from governance.models.usage_day import UsageDay

GROUPS: Final[Mapping[str, tuple[str, str]]] = {
    "group": ("group_id", "group_name"),
    "key": ("key_id", "key_name"),
    "owner": ("owner_id", "owner_name"),
    "profile": ("profile_id", "profile_name"),
    "provider": ("provider", ""),
    "model": ("model", ""),
}
"""What rows can be told apart by: the column that counts, and that of its name."""
INTERVALS: Final = {"hour": TruncHour, "day": TruncDay}
SUMS: Final[Mapping[str, str]] = {
    "requests": "requests",
    "attempts": "attempts",
    "failed": "failed",
    "input_tokens": "prompt_tokens",
    "cached_tokens": "cached_tokens",
    "output_tokens": "completion_tokens",
    "reasoning_tokens": "reasoning_tokens",
    "audio_seconds": "audio_milliseconds",
    "images": "images",
    "characters": "characters",
    "unpriced": "unpriced",
}
"""The columns that are summed, by their names in the report."""
THOUSANDTHS: Final = frozenset({"audio_seconds"})
"""Sums of which the ledger keeps a thousandth."""
FILTERS: Final = tuple(GROUPS)
Names = dict[tuple[str, str], str]
"""What ids are called, by what they are ids of."""


@dataclass(frozen=True, slots=True)
class UsageQuestion:
    """What is asked."""

    begin: datetime
    end: datetime
    group_by: tuple[str, ...] = ()
    """Of `GROUPS`."""
    interval: str = ""
    """`hour` or `day`; empty: the whole time as one."""
    only: Mapping[str, str] | None = None
    """Values of `GROUPS` that count alone."""
    among: tuple[str, ...] | None = None
    """Values of what is grouped by that are told, where not all of them are."""
    sums: tuple[str, ...] = tuple(SUMS)
    """Of `SUMS`: what is worked out beside the cost, the rest is 0. To add up all of it for
    thousands of keys takes three times as long as to find the dearest."""
    copies: bool = False
    """Only what copies of requests used, which profiles send to their shadows."""

    def before(self) -> UsageQuestion:
        """The same of the time before, as long."""
        return replace(self, begin=self.begin - (self.end - self.begin), end=self.begin)


def usage_report(question: UsageQuestion) -> list[dict[str, Any]]:
    """A row for each combination, the dearest first; with an interval in the order of time."""
    if not (question.interval or question.group_by):
        return [_row(question, _chosen(question).aggregate(**_sums(question)), {})]
    told = [_row(question, *one) for one in _folded(question, _summed(question))]
    told.sort(key=lambda one: -Decimal(one["cost_usd"] or 0))
    if question.interval:
        told.sort(key=lambda one: str(one["interval"]))
    return told


def totals(question: UsageQuestion) -> dict[str, Any]:
    """All of it in one row."""
    whole = UsageQuestion(question.begin, question.end, only=question.only)
    return usage_report(whole)[0]


def amounts(question: UsageQuestion, name: str) -> Counter[str]:
    """One sum alone, cost in millionths, by value of what is grouped by: to add up all of it for
    thousands of keys, and to tell what they were called, takes three times as long."""
    (identity,) = _identities(question)
    parts = _by_day(question)
    found: Counter[str] = Counter()
    held: list[tuple[QuerySet[Any], str]] = [
        (_chosen(replace(question, begin=begin, end=end)), identity)
        for begin, end in (((question.begin, question.end),) if parts is None else parts.ends)
    ]
    if parts is not None:
        held.append((_days(question, *parts.days), "value"))
    for rows, place in held:
        summed = rows.order_by().values_list(place).annotate(amount=Sum(_column(name)))
        for value, amount in summed:
            found[value] += amount or 0
    return found


def _column(name: str) -> str:
    """Of a sum."""
    return SUMS.get(name, "cost_micro_usd")


def forecast(cost: Decimal, begin: datetime, end: datetime, now: datetime) -> Decimal | None:
    """The cost of the whole time, if it goes on as so far; None before it began."""
    passed, length = now - begin, end - begin
    if passed <= timedelta(0) or length <= timedelta(0):
        return None
    return cost if passed >= length else cost * Decimal(length / passed)


def _sums(question: UsageQuestion) -> dict[str, Sum]:
    """`unpriced` always: what has no known price is not for free."""
    names = dict.fromkeys((*question.sums, "unpriced"))
    sums = {f"sum_{name}": Sum(SUMS[name]) for name in names}
    return sums | {"sum_cost": Sum("cost_micro_usd")}


def _summed(question: UsageQuestion) -> Iterator[dict[str, Any]]:
    """Sums by place and by what that was called; from the ledger by day as far as that tells.

    To look for the latest of the names beside the sums would read everything twice.
    """
    parts = _by_day(question)
    for begin, end in ((question.begin, question.end),) if parts is None else parts.ends:
        rows = _chosen(replace(question, begin=begin, end=end)).order_by()
        if question.interval:
            rows = rows.annotate(interval=INTERVALS[question.interval]("start", tzinfo=UTC))
        called = [GROUPS[one][1] for one in question.group_by if GROUPS[one][1]]
        yield from rows.values(*_place(question), *called).annotate(
            **_sums(question), last=Max("start")
        )
    if parts is not None:
        yield from _of_days(question, *parts.days)


def _by_day(question: UsageQuestion) -> SplitRange | None:
    if question.interval or question.only or question.copies or len(question.group_by) != 1:
        return None
    if question.group_by[0] not in DIMENSIONS:
        return None
    return split(question.begin, question.end, datetime.now(UTC))


def _of_days(question: UsageQuestion, begin: datetime, end: datetime) -> QuerySet[Any]:
    identity, name = GROUPS[question.group_by[0]]
    rows = _days(question, begin, end)
    place = {identity: F("value"), name: F("name")}
    return rows.order_by().values(**place).annotate(**_sums(question), last=Max("start"))


def _days(question: UsageQuestion, begin: datetime, end: datetime) -> QuerySet[UsageDay]:
    (dimension,) = question.group_by
    rows = UsageDay.objects.filter(dimension=dimension, start__gte=begin, start__lt=end)
    return rows if question.among is None else rows.filter(value__in=question.among)


def _chosen(question: UsageQuestion) -> QuerySet[Any]:
    rows = UsageBucket.objects.filter(start__gte=question.begin, start__lt=question.end)
    for name, value in (question.only or {}).items():
        rows = rows.filter(**{GROUPS[name][0]: value})
        if name == "owner":
            # Says what the index of owners holds, or it would not be used.
            rows = rows.filter(owner_id__gt="")
    if question.copies:
        rows = rows.filter(shadow=True)
    if question.among is not None:
        (identity,) = _identities(question)
        rows = rows.filter(**{f"{identity}__in": question.among})
    return rows


def _identities(question: UsageQuestion) -> list[str]:
    return [GROUPS[one][0] for one in question.group_by]


def _place(question: UsageQuestion) -> list[str]:
    return [*(("interval",) if question.interval else ()), *_identities(question)]


def _folded(
    question: UsageQuestion, found: Iterable[dict[str, Any]]
) -> Iterator[tuple[Mapping[str, Any], Names]]:
    """One row for each place, whatever it was called, with the name that was noted last."""
    place = _place(question)
    sums: dict[tuple[Any, ...], dict[str, Any]] = {}
    names: Names = {}
    since: dict[tuple[str, str], datetime] = {}
    for row in found:
        held = sums.setdefault(tuple(row[name] for name in place), row)
        if held is not row:
            for name in row:
                if name.startswith("sum_"):
                    held[name] = (held[name] or 0) + (row[name] or 0)
        for one in question.group_by:
            identity, name = GROUPS[one]
            key = one, row[identity]
            if name and (key not in since or row["last"] > since[key]):
                names[key], since[key] = row[name], row["last"]
    return ((row, names) for row in sums.values())


def _row(question: UsageQuestion, sums: Mapping[str, Any], names: Names) -> dict[str, Any]:
    row: dict[str, Any] = {}
    if question.interval:
        row["interval"] = sums["interval"].isoformat().replace("+00:00", "Z")
    for one in question.group_by:
        identity, name = GROUPS[one]
        row[one] = sums[identity]
        if name:
            row[f"{one}_name"] = names.get((one, sums[identity]), "")
    for name in SUMS:
        found = sums.get(f"sum_{name}") or 0
        row[name] = found / 1000 if name in THOUSANDTHS else found
    micro = sums["sum_cost"] or 0
    # What has no known price is not for free.
    unknown = not micro and row["unpriced"]
    row["cost_usd"] = None if unknown else dollars(micro)
    return row


def dollars(micro: int) -> str:
    """Millionths of a US dollar as a decimal text with six places."""
    return f"{Decimal(micro) / MICRO:.6f}"


def columns(rows: Sequence[Mapping[str, Any]], question: UsageQuestion) -> list[str]:
    """The columns of a table of such rows, which may be empty."""
    if rows:
        return list(rows[0])
    empty: dict[str, Any] = {"interval": datetime.now(UTC)} | {f"sum_{name}": 0 for name in SUMS}
    empty |= {"sum_cost": 0} | {GROUPS[one][0]: "" for one in question.group_by}
    return list(_row(question, empty, {}))
