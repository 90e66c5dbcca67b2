"""Tags of the desk's templates."""

from __future__ import annotations

from typing import Any

from django import template
from django.template.context import RequestContext

from governance.change_summary.times import readable_time

register = template.Library()


@register.simple_tag(takes_context=True)
def rehearsal_choices(context: RequestContext) -> dict[str, Any]:
    """What can be chosen in the panel beside a profile's form."""
    # Django loads libraries of tags before it has loaded the models.
    from gateway.console.rehearsal.choices import choices

    return choices(context["request"])


@register.filter
def percent(share: float) -> str:
    """`33.3 %` for a third, without a fraction where there is none."""
    value = round(share * 100, 1)
    return f"{value:.0f} %" if value == int(value) else f"{value:.1f} %"


@register.filter
def duration(milliseconds: float | None) -> str:
    """`47 ms`, `1.23 s`; a dash when unknown."""
    return readable_time(milliseconds)
