"""What was used and what it cost: totals, the time before, a forecast, and who used it."""

from __future__ import annotations

import csv
import io
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from gateway.console.monitoring.ranges import (
    HOUR,
    PERIODS,
    TimeRange,
    are_hours,
    boundaries,
    in_address,
    range_of,
)
from gateway.console.theme.page import console_view, page
from gateway.console.usage.cells import COLUMNS, UsageCell, cell, columns_of
from gateway.console.usage.figures import (
    Sums,
    added_up,
    changes,
    dearest_of,
    sorted_by,
    sums_by_moment,
    table_of,
    totals_of,
)
from governance.interactions.exporting import safe_cell
from governance.interactions.usage_report import UsageQuestion, forecast

SEE_ALL: Final = "governance.view_usagebucket"
SEE_LOG: Final = "governance.view_interaction"
ROWS: Final = 200
QUARTER: Final = timedelta(minutes=15)
BY: Final[Mapping[str, str | Promise]] = {
    "key": gettext_lazy("API key"),
    "group": gettext_lazy("Group"),
    "owner": gettext_lazy("Owner"),
    "profile": gettext_lazy("Routing profile"),
    "provider": gettext_lazy("Provider"),
    "model": gettext_lazy("Model"),
}
PANELS: Final = (
    ("cost", gettext_lazy("Cost"), gettext_lazy("US dollars")),
    ("requests", gettext_lazy("Requests"), gettext_lazy("requests")),
    ("tokens", gettext_lazy("Tokens"), gettext_lazy("tokens")),
    ("cached", gettext_lazy("Cached share"), gettext_lazy("% of tokens in")),
)


@require_GET
@console_view()
def show(request: HttpRequest) -> HttpResponse:
    """Who may not see all sees what the own keys used."""
    now, zone = datetime.now(UTC), timezone.get_current_timezone()
    span = range_of(request.GET, now, zone, "month")
    by = _choice(request, "by", BY, "key")
    sort = _choice(request, "sort", COLUMNS, "cost_usd")
    only = None if request.user.has_perm(SEE_ALL) else {"owner": request.user.get_username()}
    question = UsageQuestion(_quarter(span.begin), _quarter(span.end, up=True), (by,), only=only)
    if request.GET.get("format") == "csv":
        return _csv(sorted_by(table_of(question), sort), by)
    rows, more = dearest_of(question, sort, ROWS)
    edges = boundaries(span.begin, span.end, span.step(HOUR)[0], zone)
    moments = sums_by_moment(question, hourly=are_hours(edges))
    total, before = added_up(sums for _, sums in moments), totals_of(question.before())
    columns = columns_of(total, before)
    log = reverse("admin:governance_interaction_changelist")
    return page(
        request,
        "console/usage/page.html",
        _("Usage"),
        span=span,
        periods=PERIODS.items(),
        groups=BY.items(),
        columns=columns.items(),
        by=by,
        by_label=BY[by],
        sort=sort,
        named=_named(question, rows, columns, sort, compared=bool(before["requests"])),
        more=more,
        total=total,
        tiles=[(COLUMNS[name], cell(name, total, before[name] or None)) for name in columns],
        forecast=_month_forecast(now, question, moments),
        charts=_charts(span, edges, moments) if rows else None,
        panels=PANELS,
        csv=f"?{span.query}&{urlencode({'by': by, 'sort': sort, 'format': 'csv'})}",
        own=only is not None,
        log=log if request.user.has_perm(SEE_LOG) else "",
    )


def _choice(request: HttpRequest, name: str, known: Mapping[str, Any], usual: str) -> str:
    value = request.GET.get(name, "")
    return value if value in known else usual


def _named(
    question: UsageQuestion,
    rows: Sequence[Sums],
    columns: Mapping[str, Any],
    sort: str,
    *,
    compared: bool,
) -> list[tuple[str, str, list[UsageCell]]]:
    """The value that the list of interactions is narrowed by, what it is called, and its figures:
    what the table is sorted by stands beside what it was in the time before, if there was any."""
    (by,) = question.group_by
    before = changes(question, rows, sort) if compared else {}

    def was(row: Sums, name: str) -> Any:
        return (before.get(row[by]) or 0) if compared and name == sort else None

    return [
        (
            row[by],
            row.get(f"{by}_name") or row[by] or _("none"),
            [cell(name, row, was(row, name)) for name in columns],
        )
        for row in rows
    ]


def _csv(rows: Sequence[Sums], by: str) -> HttpResponse:
    """All of the table, as it is sorted."""
    names = [by, *([f"{by}_name"] if rows and f"{by}_name" in rows[0] else []), *COLUMNS]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(names)
    writer.writerows([safe_cell(row[name]) for name in names] for row in rows)
    return HttpResponse(
        out.getvalue(),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="usage-by-{by}.csv"',
            "Cache-Control": "no-store",
        },
    )


def _month_forecast(
    now: datetime, question: UsageQuestion, moments: Sequence[tuple[datetime, Sums]]
) -> Decimal | None:
    """From what is known already, where the range holds all of the month."""
    begin = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = (begin + timedelta(days=32)).replace(day=1)
    if question.begin <= begin and now <= question.end:
        total = added_up(sums for moment, sums in moments if moment >= begin)
    else:
        total = totals_of(UsageQuestion(begin, end, only=question.only))
    cost = total["cost_usd"]
    used = total["requests"] or total["attempts"]
    return forecast(cost, begin, end, now) if used and cost is not None else None


def _quarter(moment: datetime, *, up: bool = False) -> datetime:
    """Ledgers tell no less apart than a quarter of an hour."""
    begin = moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)
    return begin + QUARTER if up and begin < moment else begin


def _charts(
    span: TimeRange, edges: Sequence[datetime], rows: Sequence[tuple[datetime, Sums]]
) -> dict[str, Any]:
    """What the browser draws, by the name of the canvas; steps in which nothing was used too."""
    _step, label = span.step(HOUR)
    sums: list[dict[str, Any]] = [dict.fromkeys((*COLUMNS, "unpriced"), 0) for _edge in edges[1:]]
    for moment, row in rows:
        bar = sums[min(max(bisect_right(edges, moment) - 1, 0), len(sums) - 1)]
        for name in bar:
            bar[name] += float(row[name] or 0)
    shared = {
        "step": label,
        "begins": [in_address(one) for one in edges[:-1]],
        "ends": in_address(edges[-1]),
    }

    def series(name: str, tone: str, values: list[float | None]) -> dict[str, Any]:
        return {"label": name, "tone": tone, "values": values}

    def of(name: str, tone: str) -> dict[str, Any]:
        return series(str(COLUMNS[name]), tone, [bar[name] for bar in sums])

    # What has no known price is not for free.
    cost = [None if bar["unpriced"] and not bar["cost_usd"] else bar["cost_usd"] for bar in sums]
    cached = [
        round(100 * bar["cached_tokens"] / bar["input_tokens"], 1) if bar["input_tokens"] else None
        for bar in sums
    ]
    tokens = [of("input_tokens", "accent"), of("output_tokens", "busy")]
    return {
        "cost": {**shared, "unit": "usd", "series": [series(_("Cost"), "accent", cost)]},
        "requests": {**shared, "unit": "count", "series": [of("requests", "accent")]},
        "tokens": {**shared, "unit": "tokens", "stacked": True, "series": tokens},
        "cached": {
            **shared,
            "unit": "percent",
            "kind": "line",
            "series": [series(_("Cached share of tokens in"), "accent", cached)],
        },
    }
