"""The figures of the usage page in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateway.console.theme.filters import change, money

COLUMNS: Final[Mapping[str, str | Promise]] = {
    "cost_usd": gettext_lazy("Cost"),
    "requests": gettext_lazy("Requests"),
    "failed": gettext_lazy("Failed attempts"),
    "input_tokens": gettext_lazy("Tokens in"),
    "cached_tokens": gettext_lazy("Cached tokens"),
    "output_tokens": gettext_lazy("Tokens out"),
    "audio_seconds": gettext_lazy("Sound"),
    "images": gettext_lazy("Images"),
    "characters": gettext_lazy("Characters"),
}
"""What the table has, and can be sorted by."""
MEASURED: Final = ("audio_seconds", "images", "characters")
"""Shown where there is any: most installations use tokens alone."""


@dataclass(frozen=True, slots=True)
class UsageCell:
    """One figure."""

    name: str
    text: str
    tone: str = ""
    change: str = ""
    """Against the time before, as long."""


def columns_of(total: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, str | Promise]:
    """Those of which there is something to see."""
    return {
        name: label
        for name, label in COLUMNS.items()
        if name not in MEASURED or total[name] or before[name]
    }


def cell(name: str, row: Mapping[str, Any], before: Any = None) -> UsageCell:
    """`before`: what it was in the time before; None: nobody looked."""
    value = row[name]
    compared = "" if before is None else _change(value, before)
    if name == "cost_usd":
        if value is None:
            return UsageCell(name, _("price unknown"), "unknown", compared)
        asked = row["attempts"] or row["requests"]
        return UsageCell(name, money(value) if value or asked else "—", "", compared)
    text = sound(value) if name == "audio_seconds" else f"{value:,}"
    return UsageCell(name, text, "bad" if name == "failed" and value else "", compared)


def sound(seconds: float) -> str:
    """`47 s`, `1,234 min`."""
    if seconds < 120:
        return _("%(count)s s") % {"count": f"{seconds:,.0f}"}
    return _("%(count)s min") % {"count": f"{seconds / 60:,.0f}"}


def _change(now: Any, before: Any) -> str:
    """Also `new`, where there was none before."""
    if now and not before:
        return _("new")
    return change(now, before)
