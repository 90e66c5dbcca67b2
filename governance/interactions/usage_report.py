"""The usage report: sums of the ledger, exact however many rows the log has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from django.db.models import Max, QuerySet, Sum
from django.db.models.functions import TruncDay, TruncHour

from governance.limits.limit import MICRO
from governance.models.usage_bucket import UsageBucket

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

    def before(self) -> UsageQuestion:
        """The same of the time before, as long."""
        length = self.end - self.begin
        return UsageQuestion(
            self.begin - length, self.begin, self.group_by, self.interval, self.only
        )


def usage_report(question: UsageQuestion) -> list[dict[str, Any]]:
    """A row for each combination, the dearest first; with an interval in the order of time."""
    rows = _chosen(question)
    names: list[str] = []
    if question.interval:
        truncate = INTERVALS[question.interval]
        rows = rows.annotate(interval=truncate("start", tzinfo=UTC))
        names.append("interval")
    names += [GROUPS[one][0] for one in question.group_by]
    if not names:
        return [_row(question, rows.aggregate(**_sums()), {})]
    found = rows.order_by().values(*names).annotate(**_sums())
    shown = _names(question, rows)
    told = [_row(question, one, shown) for one in found]
    told.sort(key=lambda one: -Decimal(one["cost_usd"] or 0))
    if question.interval:
        told.sort(key=lambda one: str(one["interval"]))
    return told


def totals(question: UsageQuestion) -> dict[str, Any]:
    """All of it in one row."""
    whole = UsageQuestion(question.begin, question.end, only=question.only)
    return usage_report(whole)[0]


def forecast(cost: Decimal, begin: datetime, end: datetime, now: datetime) -> Decimal | None:
    """The cost of the whole time, if it goes on as so far; None before it began."""
    passed, length = now - begin, end - begin
    if passed <= timedelta(0) or length <= timedelta(0):
        return None
    return cost if passed >= length else cost * Decimal(length / passed)


def _sums() -> dict[str, Sum]:
    sums = {name: Sum(column) for name, column in SUMS.items()}
    return {f"sum_{name}": one for name, one in sums.items()} | {"sum_cost": Sum("cost_micro_usd")}


def _chosen(question: UsageQuestion) -> QuerySet[Any]:
    rows = UsageBucket.objects.filter(start__gte=question.begin, start__lt=question.end)
    for name, value in (question.only or {}).items():
        rows = rows.filter(**{GROUPS[name][0]: value})
    return rows


def _names(question: UsageQuestion, rows: QuerySet[Any]) -> dict[tuple[str, str], str]:
    """What ids are called: by the latest name that was noted."""
    found: dict[tuple[str, str], str] = {}
    for one in question.group_by:
        identity, name = GROUPS[one]
        if name:
            latest = rows.order_by().values(identity, name).annotate(last=Max("start"))
            told = latest.order_by("last").values_list(identity, name)
            found |= {(one, key): called for key, called in told}
    return found


def _row(
    question: UsageQuestion, sums: Mapping[str, Any], names: Mapping[tuple[str, str], str]
) -> dict[str, Any]:
    row: dict[str, Any] = {}
    if question.interval:
        row["interval"] = sums["interval"].isoformat().replace("+00:00", "Z")
    for one in question.group_by:
        identity, name = GROUPS[one]
        row[one] = sums[identity]
        if name:
            row[f"{one}_name"] = names.get((one, sums[identity]), "")
    for name in SUMS:
        found = sums[f"sum_{name}"] or 0
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
