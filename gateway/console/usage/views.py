"""What was used and what it cost: totals, the time before, a forecast, and who used it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET

from gateway.console.theme.page import console_view, page
from governance.interactions.usage_report import (
    GROUPS,
    UsageQuestion,
    forecast,
    totals,
    usage_report,
)

SEE_ALL: Final = "governance.view_usagebucket"
PERIODS: Final = {"day": "Today", "week": "7 days", "month": "30 days", "quarter": "90 days"}
_DAYS: Final = {"day": 1, "week": 7, "month": 30, "quarter": 90}
ROWS: Final = 200
_NOBODY: Final = "none"


@dataclass(frozen=True, slots=True)
class UsageBar:
    """One day or hour, as a share of the highest."""

    x: int
    y: float
    height: float
    words: str


@require_GET
@console_view()
def show(request: HttpRequest) -> HttpResponse:
    """Who may not see all sees what the own keys used."""
    now = datetime.now(UTC)
    period = request.GET.get("period", "")
    period = period if period in PERIODS else "month"
    by = request.GET.get("by", "")
    by = by if by in GROUPS else "key"
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    end = midnight + timedelta(days=1)
    only = None if request.user.has_perm(SEE_ALL) else {"owner": request.user.get_username()}
    question = UsageQuestion(end - timedelta(days=_DAYS[period]), end, (by,), only=only)
    rows = usage_report(question)
    interval = "hour" if period == "day" else "day"
    over_time = UsageQuestion(question.begin, question.end, (), interval, only)
    total = totals(question)
    return page(
        request,
        "console/usage/page.html",
        "Usage",
        periods=PERIODS,
        period=period,
        groups=list(GROUPS),
        by=by,
        rows=rows[:ROWS],
        named=[(one.get(f"{by}_name") or one[by] or _NOBODY, one) for one in rows[:ROWS]],
        more=max(0, len(rows) - ROWS),
        total=total,
        change=_change(total, totals(question.before())),
        forecast=_month_forecast(now, only),
        bars=_bars(over_time, usage_report(over_time)),
        interval=interval,
        csv="/api/governance/usage?" + urlencode(_csv(question, by, only)),
        own=only is not None,
    )


def _csv(question: UsageQuestion, by: str, only: dict[str, str] | None) -> dict[str, str]:
    ends = {"from": question.begin.isoformat(), "to": question.end.isoformat()}
    return {"group_by": by, "format": "csv", **ends, **(only or {})}


def _change(total: dict[str, Any], before: dict[str, Any]) -> str:
    """Against the time before, as long."""
    was, now = Decimal(before["cost_usd"] or 0), Decimal(total["cost_usd"] or 0)
    if not was:
        return "Nothing was spent in the time before" if now else ""
    percent = (now - was) / was * 100
    return f"{percent:+.0f} % against the time before"


def _month_forecast(now: datetime, only: dict[str, str] | None) -> Decimal | None:
    begin = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    end = (begin + timedelta(days=32)).replace(day=1)
    return forecast(UsageQuestion(begin, end, only=only), now)


def _bars(question: UsageQuestion, rows: list[dict[str, Any]]) -> list[UsageBar]:
    """One for each hour or day, those in which nothing was used too."""
    step = timedelta(hours=1) if question.interval == "hour" else timedelta(days=1)
    by_time = {datetime.fromisoformat(one["interval"]): one for one in rows}
    moments = [
        question.begin + step * place for place in range((question.end - question.begin) // step)
    ]
    told = [by_time.get(one) for one in moments]
    by_cost = any(Decimal(one["cost_usd"] or 0) for one in rows)
    values = [_height(one, by_cost) for one in told]
    most = max(values, default=0.0) or 1.0
    found = []
    for place, (at, one, value) in enumerate(zip(moments, told, values, strict=True)):
        height = value / most * 100
        words = f"{at:%Y-%m-%d %H:%M} UTC: {_said(one)}"
        found.append(UsageBar(place * 10, round(100 - height, 2), round(height, 2), words))
    return found if rows else []


def _height(row: dict[str, Any] | None, by_cost: bool) -> float:
    if row is None:
        return 0.0
    return float(row["cost_usd"] or 0) if by_cost else float(row["requests"])


def _said(row: dict[str, Any] | None) -> str:
    if row is None:
        return "nothing"
    cost = "price unknown" if row["cost_usd"] is None else f"${float(row['cost_usd']):,.2f}"
    return f"{row['requests']:,} requests, {cost}"
