"""The tiles of the dashboard: a figure, its change against the time before, and where it leads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from gateway.console.dashboard.figures import Figures
from gateway.console.theme.filters import change, duration, money, percent, short_count
from governance.interactions.filters import ANY_ERROR


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure in words."""

    code: str
    label: str
    value: str
    full: str = ""
    """The exact figure, on hover."""
    change: str = ""
    """Against the time before, as long."""
    note: str = ""
    query: str = ""
    """What the list of interactions is narrowed by to show the same; empty: it cannot be."""
    bad: bool = False


def tiles(found: Figures) -> list[Tile]:
    """In the order they are read."""
    now = found.totals
    share = "" if now.error_share is None else percent(now.error_share)
    cached = "" if now.cached_share is None else percent(now.cached_share)
    return [
        _count(found, "requests", _("Requests")),
        _count(
            found,
            "errors",
            _("Errors"),
            note=share,
            query=f"outcome={ANY_ERROR}",
            bad=bool(now.errors),
        ),
        _count(found, "failed", _("Failed attempts")),
        _count(found, "fallbacks", _("Answered by a later target"), query="fallback=target"),
        _count(found, "local_fallbacks", _("Answered by local fallback"), query="fallback=local"),
        Tile(
            "latency",
            _("First token p50 / p95"),
            f"{duration(found.p50)} / {duration(found.p95)}",
            _("of the latest answers") if found.sampled else "",
            change(found.p50, found.before_p50),
        ),
        _count(
            found,
            "prompt_tokens",
            _("Tokens in"),
            note=_("%(share)s cached") % {"share": cached} if cached else "",
        ),
        _count(found, "completion_tokens", _("Tokens out")),
        _cost(found),
    ]


def _count(found: Figures, name: str, label: str, **more: Any) -> Tile:
    """Of `TrafficSums`, by the name it has there."""
    count, before = getattr(found.totals, name), getattr(found.before, name)
    about = "" if found.exact else _("about") + " "
    words = about + short_count(count)
    return Tile(name, label, words, f"{count:,}", change(count, before), **more)


def _cost(found: Figures) -> Tile:
    now = found.totals
    unpriced = _("%(count)s attempts unpriced") % {"count": f"{now.unpriced:,}"}
    return Tile(
        "cost",
        _("Cost"),
        money(now.cost_usd) if now.attempts else "—",
        "" if now.cost_usd is None else f"${now.cost_usd:,.6f}",
        change(now.cost_usd, found.before.cost_usd),
        unpriced if now.unpriced else "",
    )
