"""What the usage page adds up: exact, of whole quarters of an hour, whoever asks.

Everybody's sums come from the traffic ledger, which is small, and from what copies used; those of
one owner, or told apart by what that ledger does not know, from the usage ledger. So the rows of
every table add up to the totals above it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from governance.interactions.traffic_report import TrafficQuestion, traffic_report
from governance.interactions.traffic_sums import TrafficSums
from governance.interactions.usage_report import SUMS, UsageQuestion, amounts, usage_report

Sums = dict[str, Any]
"""By the names of the usage report; the cost is None where no price is known."""
COUNTED: Final = (
    *("requests", "attempts", "failed", "unpriced"),
    *("input_tokens", "cached_tokens", "output_tokens"),
    *("audio_seconds", "images", "characters"),
)
IN_TRAFFIC: Final = ("provider", "model")
"""What the traffic ledger tells apart too."""


def totals_of(question: UsageQuestion) -> Sums:
    """All of it in one."""
    if question.only:
        return added_up(usage_report(replace(question, group_by=())))
    live = traffic_report(_asked(question)).total()
    return added_up([_told(live), *_copies(replace(question, group_by=()))])


def sums_by_moment(question: UsageQuestion, *, hourly: bool) -> list[tuple[datetime, Sums]]:
    """In steps of an hour at most; `hourly`: no finer."""
    hours = replace(question, group_by=(), interval="hour")
    used = usage_report(hours) if question.only else _copies(hours)
    found = [(datetime.fromisoformat(one["interval"]), added_up([one])) for one in used]
    if question.only:
        return found
    report = traffic_report(_asked(question), moments=True, hours=hourly)
    return [*found, *((moment, _told(sums)) for (moment,), sums in report.groups.items())]


def table_of(question: UsageQuestion) -> list[Sums]:
    """A row for each value of what is grouped by."""
    (by,) = question.group_by
    if question.only or by not in IN_TRAFFIC:
        return [{**added_up([one]), **_place(one, by)} for one in usage_report(question)]
    report = traffic_report(_asked(question), (by,))
    parts: defaultdict[str, list[Sums]] = defaultdict(list)
    for (value,), sums in report.groups.items():
        parts[value].append(_told(sums))
    for one in _copies(question):
        parts[one[by]].append(one)
    told = [{**added_up(rows), by: value} for value, rows in parts.items()]
    return [row for row in told if question.among is None or row[by] in question.among]


def dearest_of(question: UsageQuestion, sort: str, most: int) -> tuple[list[Sums], int]:
    """The rows with most of `sort`, and how many there are beside them."""
    (by,) = question.group_by
    if not question.only and by in IN_TRAFFIC:
        rows = sorted_by(table_of(question), sort)
        return rows[:most], len(rows[most:])
    found = amounts(question, sort)
    first = tuple(value for value, _amount in found.most_common(most))
    return sorted_by(table_of(replace(question, among=first)), sort), len(found) - len(first)


def sorted_by(rows: Iterable[Sums], name: str) -> list[Sums]:
    """The most first; of what is the same, the dearest, then by what it was called first."""
    return sorted(rows, key=lambda one: (-Decimal(str(one[name] or 0)), -one["requests"]))


def added_up(rows: Iterable[Mapping[str, Any]]) -> Sums:
    """Of sums in the names of the usage report."""
    found: Sums = dict.fromkeys(COUNTED, 0)
    cost = Decimal(0)
    for row in rows:
        for name in COUNTED:
            found[name] += row[name]
        cost += Decimal(str(row["cost_usd"] or 0))
    # What has no known price is not for free.
    found["cost_usd"] = None if not cost and found["unpriced"] else cost
    return found


def _asked(question: UsageQuestion) -> TrafficQuestion:
    return TrafficQuestion(question.begin, question.end, bounded=False)


def _copies(question: UsageQuestion) -> list[dict[str, Any]]:
    """What copies of requests used, which the traffic ledger leaves out."""
    return usage_report(replace(question, copies=True))


def _place(row: Mapping[str, Any], by: str) -> Sums:
    return {name: row[name] for name in (by, f"{by}_name") if name in row}


def _told(sums: TrafficSums) -> Sums:
    """In the names of the usage report."""
    return {
        "cost_usd": sums.cost_usd,
        "requests": sums.requests,
        "attempts": sums.attempts,
        "failed": sums.failed,
        "unpriced": sums.unpriced,
        "input_tokens": sums.prompt_tokens,
        "cached_tokens": sums.cached_tokens,
        "output_tokens": sums.completion_tokens,
        "audio_seconds": sums.audio_milliseconds / 1000,
        "images": sums.images,
        "characters": sums.characters,
    }


def changes(
    question: UsageQuestion, rows: Sequence[Sums], name: str
) -> dict[str, Decimal | float | int | None]:
    """By value of what is grouped by: what these rows had of it in the time before, as long."""
    (by,) = question.group_by
    shown = tuple(row[by] for row in rows)
    sums = (name,) if name in SUMS else ()
    before = table_of(replace(question.before(), among=shown, sums=sums))
    return {row[by]: row[name] for row in before}
