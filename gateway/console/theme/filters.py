"""Filters of the pages' templates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.dateformat import format as date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from gateway.console.theme import crumbs as theme_crumbs
from gateway.console.theme.table_state import table_state
from governance.change_summary.times import readable_time

register = template.Library()


@register.filter
def percent(share: float) -> str:
    """`33.3 %` for a third, without a fraction where there is none."""
    value = round(share * 100, 1)
    return f"{value:.0f} %" if value == int(value) else f"{value:.1f} %"


@register.filter
def of(found: Mapping[Any, Any], name: Any) -> Any:
    """What stands under a name; None where nothing does."""
    return found.get(name)


@register.filter
def duration(milliseconds: float | None) -> str:
    """`47 ms`, `1.23 s`; a dash when unknown."""
    return readable_time(milliseconds)


@register.filter
def moment(at: datetime | None) -> SafeString | str:
    """`28 Nov, 13:05:22` in the viewer's zone, with the year where it is another one; exact, and
    with its zone, on hover."""
    if at is None:
        return "—"
    local = timezone.localtime(at)
    layout = "j M, H:i:s" if local.year == timezone.localtime().year else "j M Y, H:i:s"
    pattern = '<time class="whitespace-nowrap" datetime="{}" title="{}">{}</time>'
    utc = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return format_html(pattern, utc, exact(at), date_format(local, layout))


@register.filter
def exact(at: datetime) -> str:
    """`2030-01-31 13:05:22.123 CET (12:05:22 UTC)`."""
    local = timezone.localtime(at)
    said = f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d} {local.tzname()}"
    return said if not local.utcoffset() else f"{said} ({at.astimezone(UTC):%H:%M:%S} UTC)"


@register.inclusion_tag("console/theme/table_state.html", takes_context=True, name="table_state")
def shown_table_state(context: template.Context) -> dict[str, Any]:
    """The banner of pages while what is in force is not what is stored."""
    return table_state(context["request"]) if "request" in context else {}


@register.simple_tag(takes_context=True)
def crumbs(context: template.Context, parts: list[Any]) -> list[theme_crumbs.Crumb]:
    """The parts of a page's title."""
    return theme_crumbs.crumbs(context["request"], parts)


@register.simple_tag
def zone() -> str:
    """What the viewer's zone is called now: `CET`, `UTC`."""
    return timezone.localtime().tzname() or "UTC"


@register.filter
def money(amount: float | Decimal | str | None) -> str:
    """`$1,501.08`; `$0.0012` where cents say nothing; an unknown price is never for free."""
    if amount is None:
        return gettext("price unknown")
    usd = float(amount)
    if usd == 0 or abs(usd) >= 1:
        return f"${usd:,.2f}"
    return f"${usd:,.4f}" if abs(usd) >= 0.001 else f"${usd:.6f}"


@register.filter
def short_count(count: float | None) -> str:
    """`999`, `12.3 k`, `4.56 M`: for tiles; the exact number stands beside it on hover."""
    if count is None:
        return "—"
    for size, unit in ((10**9, "B"), (10**6, "M"), (10**4, "k")):
        if abs(count) >= size:
            return f"{count / (1000 if unit == 'k' else size):,.3g} {unit}"
    return f"{count:,.0f}"


def change(now: float | Decimal | None, before: float | Decimal | None) -> str:
    """`+12 %`, or how many times as much; nothing where there was nothing to compare with."""
    if not before or now is None:
        return ""
    times = float(now) / float(before)
    return f"\N{MULTIPLICATION SIGN}{times:,.0f}" if times >= 10 else f"{(times - 1) * 100:+,.0f} %"


@register.filter
def for_input(at: datetime | None) -> str:
    """As a field of a date and a time holds it, in the viewer's zone."""
    return "" if at is None else f"{timezone.localtime(at):%Y-%m-%dT%H:%M}"


@register.simple_tag
def query_with(question: Any, **changes: str | None) -> str:
    """The query of the page's address with other values."""
    return str(question.query(**changes))
