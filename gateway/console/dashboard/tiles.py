"""The tiles of the dashboard: a figure, its change against the time before, and where it leads."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from gateway.console.dashboard.figures import Figures
from gateway.console.theme.filters import duration, money, percent, short_count
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
    now, then = found.totals, found.before
    about = "" if found.exact else _("about") + " "
    share = "" if now.error_share is None else percent(now.error_share)
    cached = "" if now.cached_share is None else percent(now.cached_share)
    unpriced = _("%(count)s attempts unpriced") % {"count": f"{now.unpriced:,}"}
    return [
        Tile(
            "requests",
            _("Requests"),
            about + short_count(now.requests),
            f"{now.requests:,}",
            change(now.requests, then.requests),
            query="",
        ),
        Tile(
            "errors",
            _("Errors"),
            about + short_count(now.errors),
            f"{now.errors:,}",
            change(now.errors, then.errors),
            share,
            f"outcome={ANY_ERROR}",
            bad=bool(now.errors),
        ),
        Tile(
            "failed",
            _("Failed attempts"),
            about + short_count(now.failed),
            f"{now.failed:,}",
            change(now.failed, then.failed),
        ),
        Tile(
            "fallbacks",
            _("Answered by a later target"),
            about + short_count(now.fallbacks),
            f"{now.fallbacks:,}",
            change(now.fallbacks, then.fallbacks),
            query="fallback=target",
        ),
        Tile(
            "local",
            _("Answered by local fallback"),
            about + short_count(now.local_fallbacks),
            f"{now.local_fallbacks:,}",
            change(now.local_fallbacks, then.local_fallbacks),
            query="fallback=local",
        ),
        Tile(
            "latency",
            _("First token p50 / p95"),
            f"{duration(found.p50)} / {duration(found.p95)}",
            _("of the latest answers") if found.sampled else "",
            change(found.p50, found.before_p50),
        ),
        Tile(
            "tokens_in",
            _("Tokens in"),
            about + short_count(now.prompt_tokens),
            f"{now.prompt_tokens:,}",
            change(now.prompt_tokens, then.prompt_tokens),
            _("%(share)s cached") % {"share": cached} if cached else "",
        ),
        Tile(
            "tokens_out",
            _("Tokens out"),
            about + short_count(now.completion_tokens),
            f"{now.completion_tokens:,}",
            change(now.completion_tokens, then.completion_tokens),
        ),
        Tile(
            "cost",
            _("Cost"),
            money(now.cost_usd) if now.attempts else "—",
            "" if now.cost_usd is None else f"${now.cost_usd:,.6f}",
            change(now.cost_usd, then.cost_usd),
            unpriced if now.unpriced else "",
        ),
    ]


def change(now: float | None, before: float | None) -> str:
    """`+12 %`; nothing where there was nothing to compare with."""
    if not before or now is None:
        return ""
    return f"{(now - before) / before * 100:+,.0f} %"
