"""The columns a list of interactions may have. Which ones are shown is remembered in a cookie."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from gateway.console.theme.filters import exact, moment, money
from governance.change_summary.times import readable_time
from governance.interactions.record import OUTCOMES
from governance.models import Interaction
from governance.routing.shadows import REASON as SHADOW

COOKIE: Final = "interaction_columns"
AGE: Final = 365 * 24 * 3600
LOCALLY: Final = "ok_locally"
"""Stands for an answer of local inference in place of what was asked for."""
TONES: Final = {
    "ok": "good",
    LOCALLY: "warn",
    "cancelled": "quiet",
    "refused": "warn",
    "callers_fault": "warn",
}
"""Of outcomes; the others are bad."""
FALLEN: Final = {"target": _("next target"), "local": _("local")}
"""Who took over, as short as a column of the list wants it."""
NOTHING: Final = "—"

Cell = tuple[str | SafeString, str]
"""What stands there, and what is shown on hover: all of it."""


@dataclass(frozen=True, slots=True)
class ListColumn:
    """One column."""

    name: str
    title: str | Promise
    cell: Callable[[Interaction], Cell]
    numeric: bool = False
    shown: bool = False
    """Unless someone chose otherwise."""


def _text(name: str) -> Callable[[Interaction], Cell]:
    def cell(row: Interaction) -> Cell:
        value = str(getattr(row, name) or "")
        return value or NOTHING, value

    return cell


def _count(name: str) -> Callable[[Interaction], Cell]:
    def cell(row: Interaction) -> Cell:
        value = getattr(row, name)
        return (NOTHING, "") if value is None else (f"{value:,}", "")

    return cell


def _milliseconds(name: str) -> Callable[[Interaction], Cell]:
    def cell(row: Interaction) -> Cell:
        value = getattr(row, name)
        return readable_time(value), "" if value is None else f"{value:,.1f} ms"

    return cell


def _time(row: Interaction) -> Cell:
    return moment(row.time), exact(row.time)


def _outcome(row: Interaction) -> Cell:
    code, words = row.outcome, gettext(OUTCOMES.get(row.outcome, row.outcome))
    if (row.outcome, row.fallback) == ("ok", "local"):
        code, words = LOCALLY, str(_("Answered locally"))
    badge = format_html(
        '<span class="pm-badge {}">{}</span>', f"pm-{TONES.get(code, 'bad')}", words
    )
    return badge, f"{words}: {row.errors}" if row.errors else words


def _target(row: Interaction) -> Cell:
    words = f"{row.provider}/{row.model}" if row.provider else ""
    return words or NOTHING, words


def _fallback(row: Interaction) -> Cell:
    words = str(FALLEN.get(row.fallback, ""))
    if not words:
        return NOTHING, ""
    tone = "warn" if row.fallback == "local" else "busy"
    badge = format_html('<span class="pm-badge {}">{}</span>', f"pm-{tone}", words)
    return badge, row.fallback_reason or words


def _tokens(row: Interaction) -> Cell:
    if row.prompt_tokens is None:
        return NOTHING, ""
    words = f"{row.prompt_tokens:,} + {row.completion_tokens or 0:,}"
    return words, str(_("tokens in + tokens out"))


def _cost(row: Interaction) -> Cell:
    if row.cost_usd is None:
        unknown = row.prompt_tokens is not None
        return (str(_("unknown")), money(None)) if unknown else (NOTHING, "")
    return money(row.cost_usd), f"${row.cost_usd:,.6f}"


def _profile(row: Interaction) -> Cell:
    if row.reason != SHADOW:
        return _text("profile_name")(row)
    words = str(_("%(profile)s (shadow)") % {"profile": row.profile_name})
    return words, words


COLUMNS: Final[Mapping[str, ListColumn]] = {
    one.name: one
    for one in (
        ListColumn("time", _("Time"), _time, shown=True),
        ListColumn("outcome", _("Outcome"), _outcome, shown=True),
        ListColumn("profile", _("Profile"), _profile, shown=True),
        ListColumn("requested_model", _("Asked for"), _text("requested_model"), shown=True),
        ListColumn("target", _("Went to"), _target, shown=True),
        ListColumn("fallback", _("Fallback"), _fallback, shown=True),
        ListColumn("first_token", _("First token"), _milliseconds("first_token_ms"), True, True),
        ListColumn("duration", _("Duration"), _milliseconds("duration_ms"), True, True),
        ListColumn("tokens", _("Tokens"), _tokens, True, True),
        ListColumn("cached", _("Cached tokens"), _count("cached_tokens"), True),
        ListColumn("reasoning", _("Reasoning tokens"), _count("reasoning_tokens"), True),
        ListColumn("cost", _("Cost"), _cost, True, True),
        ListColumn("key", _("Key"), _text("key_name"), shown=True),
        ListColumn("group", _("Group"), _text("group_name")),
        ListColumn("session", _("Session"), _text("session")),
        ListColumn("request_type", _("Request type"), _text("request_type")),
        ListColumn("protocol", _("Protocol"), _text("protocol")),
        ListColumn("status", _("Status"), _count("status"), True),
        ListColumn("errors", _("Errors"), _text("errors")),
        ListColumn("finish_reason", _("Finished by"), _text("finish_reason")),
        ListColumn("node", _("Node"), _text("node")),
        ListColumn("request_id", _("Request id"), _text("request_id")),
    )
}
USUAL: Final = tuple(name for name, one in COLUMNS.items() if one.shown)


def chosen(request: HttpRequest) -> tuple[ListColumn, ...]:
    """Those the address names, else those of the cookie, else the usual ones, in their order."""
    asked: Sequence[str] = request.GET.getlist("columns")
    if not asked:
        asked = request.COOKIES.get(COOKIE, "").split(".")
    names = set(asked) & COLUMNS.keys() or set(USUAL)
    # The time leads to the page of a request.
    return tuple(one for name, one in COLUMNS.items() if name in names or name == "time")


def remember(request: HttpRequest, answer: HttpResponse) -> None:
    """The next page has the same columns."""
    if "columns" in request.GET:
        names = ".".join(one.name for one in chosen(request))
        answer.set_cookie(COOKIE, names, max_age=AGE, path="/admin/", samesite="Lax", httponly=True)
