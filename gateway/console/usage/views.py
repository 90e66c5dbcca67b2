"""What was used and what it cost: totals, the time before, a forecast, and who used it."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from gateway.console.monitoring.ranges import (
    HOUR,
    PERIODS,
    TimeRange,
    boundaries,
    in_address,
    range_of,
)
from gateway.console.theme.page import console_view, page
from governance.interactions.traffic_report import TrafficQuestion, TrafficSums, traffic_report
from governance.interactions.usage_report import (
    UsageQuestion,
    forecast,
    totals,
    usage_report,
)

SEE_ALL: Final = "governance.view_usagebucket"
ROWS: Final = 200
BY: Final[Mapping[str, str | Promise]] = {
    "key": gettext_lazy("API key"),
    "group": gettext_lazy("Group"),
    "owner": gettext_lazy("Owner"),
    "profile": gettext_lazy("Routing profile"),
    "provider": gettext_lazy("Provider"),
    "model": gettext_lazy("Model"),
}
COLUMNS: Final[Mapping[str, str | Promise]] = {
    "cost_usd": gettext_lazy("Cost"),
    "requests": gettext_lazy("Requests"),
    "failed": gettext_lazy("Failed attempts"),
    "input_tokens": gettext_lazy("Tokens in"),
    "cached_tokens": gettext_lazy("Cached tokens"),
    "output_tokens": gettext_lazy("Tokens out"),
}
"""What the table has, and can be sorted by."""
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
    question = UsageQuestion(_quarter(span.begin), span.end, (by,), only=only)
    rows = sorted(usage_report(question), key=lambda one: -Decimal(one[sort] or 0))
    total, before = _totals(question), _totals(question.before())
    return page(
        request,
        "console/usage/page.html",
        _("Usage"),
        span=span,
        periods=PERIODS.items(),
        groups=BY.items(),
        columns=COLUMNS.items(),
        by=by,
        by_label=BY[by],
        sort=sort,
        named=[(one.get(f"{by}_name") or one[by] or _("none"), one) for one in rows[:ROWS]],
        more=max(0, len(rows) - ROWS),
        total=total,
        tiles=_tiles(total, before),
        forecast=_month_forecast(now, only),
        charts=_charts(span, _by_moment(question)) if rows else None,
        panels=PANELS,
        csv="/api/governance/usage?" + urlencode(_csv(question, by, only)),
        own=only is not None,
        has_log=request.user.has_perm("governance.view_interaction"),
    )


def _choice(request: HttpRequest, name: str, known: Mapping[str, Any], usual: str) -> str:
    value = request.GET.get(name, "")
    return value if value in known else usual


def _csv(question: UsageQuestion, by: str, only: dict[str, str] | None) -> dict[str, str]:
    ends = {"from": question.begin.isoformat(), "to": question.end.isoformat()}
    return {"group_by": by, "format": "csv", **ends, **(only or {})}


def _tiles(total: Mapping[str, Any], before: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Sums with their change against the time before, as long."""
    return [
        {
            "name": name,
            "label": label,
            "value": None if total[name] is None else Decimal(str(total[name])),
            "change": _change(total[name], before[name]),
        }
        for name, label in COLUMNS.items()
    ]


def _change(now: Any, before: Any) -> str:
    was, held = Decimal(str(before or 0)), Decimal(str(now or 0))
    if not was or now is None:
        return ""
    return f"{(held - was) / was * 100:+,.0f} %"


def _month_forecast(now: datetime, only: dict[str, str] | None) -> Decimal | None:
    begin = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = (begin + timedelta(days=32)).replace(day=1)
    cost = Decimal(str(_totals(UsageQuestion(begin, end, only=only))["cost_usd"] or 0))
    return forecast(cost, begin, end, now)


def _totals(question: UsageQuestion) -> Mapping[str, Any]:
    """Of everybody from the traffic ledger, which is small; of one owner from the usage ledger."""
    if question.only:
        return totals(question)
    return _told(traffic_report(TrafficQuestion(question.begin, question.end)).total())


def _by_moment(question: UsageQuestion) -> list[tuple[datetime, Mapping[str, Any]]]:
    if question.only:
        hours = UsageQuestion(question.begin, question.end, (), "hour", question.only)
        return [(datetime.fromisoformat(one["interval"]), one) for one in usage_report(hours)]
    report = traffic_report(TrafficQuestion(question.begin, question.end), moments=True)
    return [(moment, _told(sums)) for (moment,), sums in report.groups.items()]


def _told(sums: TrafficSums) -> Mapping[str, Any]:
    """In the names of the usage report."""
    return {
        "cost_usd": sums.cost_usd,
        "requests": sums.requests,
        "failed": sums.failed,
        "input_tokens": sums.prompt_tokens,
        "cached_tokens": sums.cached_tokens,
        "output_tokens": sums.completion_tokens,
        "unpriced": sums.unpriced,
    }


def _quarter(moment: datetime) -> datetime:
    """Ledgers tell no less apart than a quarter of an hour."""
    return moment.replace(minute=moment.minute // 15 * 15, second=0, microsecond=0)


def _charts(span: TimeRange, rows: Sequence[tuple[datetime, Mapping[str, Any]]]) -> dict[str, Any]:
    """What the browser draws, by the name of the canvas; steps in which nothing was used too."""
    step, label = span.step(HOUR)
    edges = boundaries(span.begin, span.end, step, timezone.get_current_timezone())
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
