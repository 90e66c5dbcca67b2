"""Filters of the pages' templates."""

from __future__ import annotations

from django import template

from governance.change_summary.times import readable_time

register = template.Library()


@register.filter
def percent(share: float) -> str:
    """`33.3 %` for a third, without a fraction where there is none."""
    value = round(share * 100, 1)
    return f"{value:.0f} %" if value == int(value) else f"{value:.1f} %"


@register.filter
def duration(milliseconds: float | None) -> str:
    """`47 ms`, `1.23 s`; a dash when unknown."""
    return readable_time(milliseconds)
