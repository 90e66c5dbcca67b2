"""The admin's first page: what needs attention, traffic, what changed. Each as far as one may see.

Two parts are asked for again while the page is open; the charts between them stay where they are
and take their values from the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from gateway.collector.places import places
from gateway.collector.status import read
from gateway.console.dashboard.charts import PANELS, charts
from gateway.console.dashboard.figures import BY, SORTS, Figures, TopRow, figures, top
from gateway.console.dashboard.mending import about, mend
from gateway.console.dashboard.steps import InstallationFacts, Step, steps
from gateway.console.dashboard.tiles import tiles
from gateway.console.engine.panel import engine_attention
from gateway.console.monitoring.alerts import alert_attention
from gateway.console.monitoring.attention import Attention, attention, in_order
from gateway.console.monitoring.collector import collector_attention
from gateway.console.monitoring.ranges import PERIODS, TimeRange, range_of
from gateway.console.monitoring.troubles import recent_troubles
from gateway.console.theme.page import console_view
from governance import kinds, snapshot
from governance.models import ApiKey, Interaction, Provider, Revision
from governance.routing import table as routing
from governance.routing.fallback import installation_sentence
from inference.local.client import EngineClient, EngineRefused, EngineReport, EngineUnavailable

SEE_TRAFFIC: Final = "governance.view_interaction"
SEE_ROUTING: Final = ("governance.view_provider", "governance.view_routingprofile")
SEE_ENGINE: Final = "gateway.view_engine"
SEE_ALERTS: Final = "governance.view_alertevent"
SEE_CHANGES: Final = "governance.view_revision"

FRESH_SECONDS: Final = {"hour": 2, "day": 5}
LONG_FRESH_SECONDS: Final = 15
"""How long a range's figures are used again, so that many open pages cost as much as one."""
CHANGES: Final = 5
ENGINE_PATIENCE: Final = 0.5
"""Seconds; a hanging engine must not hold the page up."""
PARTS: Final = {
    "first": "console/dashboard/state.html",
    "rest": "console/dashboard/rest.html",
}


def context(request: HttpRequest, found: dict[str, Any]) -> dict[str, Any]:
    """What the admin's index is rendered with."""
    title = _("Dashboard")
    return {**found, "title": title, "chart_panels": PANELS, **rest(request), **state(request)}


@require_GET
@console_view()
def live(request: HttpRequest) -> HttpResponse:
    """One of the parts that change, asked for again and again."""
    part = request.GET.get("part", "first")
    found = rest(request) if part == "rest" else state(request)
    return render(request, PARTS.get(part, PARTS["first"]), found)


def state(request: HttpRequest) -> dict[str, Any]:
    """What stands above the charts, as far as this user may see it, and their values."""
    user, now = request.user, datetime.now(UTC)
    span = _span(request, now)
    found: dict[str, Any] = {"span": span, "periods": PERIODS.items(), "now": now}
    found["query"] = _query(request, span)
    if user.has_perms(SEE_ROUTING):
        providers = list(Provider.objects.only("name", "sealed_api_key", "sealed_headers"))
        pks = {row.name: row.pk for row in providers}
        unreadable = [row.name for row in providers if row.credential == "unreadable"]
        found["attention"] = [
            (one, about(one, pks), mend(one, pks, request))
            for one in _attention(request, now, unreadable)
        ]
        found |= _begun(request)
    if user.has_perm(SEE_TRAFFIC):
        measured = _figures(span)
        found |= {"figures": measured, "tiles": tiles(measured), "charts": charts(measured)}
        found["fallback_sentence"] = installation_sentence(snapshot.current())
        found["log"] = reverse("admin:governance_interaction_changelist")
    return found


def rest(request: HttpRequest) -> dict[str, Any]:
    """What stands below the charts."""
    user, now = request.user, datetime.now(UTC)
    span = _span(request, now)
    found: dict[str, Any] = {"span": span, "query": _query(request, span)}
    if user.has_perm(SEE_TRAFFIC):
        by, sort = _choice(request, "by", BY, "profile"), _sort(request)
        rows, more, exact = _top(span, by, sort)
        found |= {"top": rows, "top_more": more, "top_exact": exact, "by": by, "sort": sort}
        found |= {"tabs": [(name, one[1]) for name, one in BY.items()], "sorts": SORTS.items()}
        found |= {"by_label": BY[by][1], "has_fallbacks": by in ("provider", "model")}
        found["log"] = reverse("admin:governance_interaction_changelist")
        if user.has_perms(SEE_ROUTING):
            found |= {"figures": _figures(span), **_begun(request)}
    if user.has_perm(SEE_CHANGES):
        found["changes"] = Revision.objects.defer("changes")[:CHANGES]
    return found


def _span(request: HttpRequest, now: datetime) -> TimeRange:
    return range_of(request.GET, now, timezone.get_current_timezone(), "hour")


def _query(request: HttpRequest, span: TimeRange) -> str:
    """Of the same page, asked for again."""
    return f"{span.query}&by={_choice(request, 'by', BY, 'profile')}&sort={_sort(request)}"


def _choice(request: HttpRequest, name: str, known: Any, usual: str) -> str:
    value = request.GET.get(name, "")
    return value if value in known else usual


def _sort(request: HttpRequest) -> str:
    return _choice(request, "sort", SORTS, "requests")


def _fresh(span: TimeRange) -> int:
    return FRESH_SECONDS.get(span.period, LONG_FRESH_SECONDS)


def _figures(span: TimeRange) -> Figures:
    zone = timezone.get_current_timezone()
    key = f"console:figures:{zone}:{span.query}"
    found: Figures | None = cache.get(key)
    if found is None:
        found = figures(span, zone)
        cache.set(key, found, _fresh(span))
    return found


def _top(span: TimeRange, by: str, sort: str) -> tuple[list[TopRow], int, bool]:
    key = f"console:top:{by}:{sort}:{span.query}"
    found: tuple[list[TopRow], int, bool] | None = cache.get(key)
    if found is None:
        found = top(span, by, sort)
        cache.set(key, found, _fresh(span))
    return found


def _attention(request: HttpRequest, now: datetime, unreadable: Sequence[str]) -> list[Attention]:
    table = snapshot.current()
    found = attention(table, recent_troubles(now), unreadable)
    found = in_order([*found, *collector_attention(read(places().published), now.timestamp())])
    if request.user.has_perm(SEE_ALERTS):
        found = in_order([*found, *alert_attention()])
    if request.user.has_perm(SEE_ENGINE) and any(map(_is_engine, table.providers.values())):
        found = in_order([*found, *engine_attention(_engine_report())])
    return found


def _is_engine(provider: routing.ProviderEntry) -> bool:
    return provider.enabled and kinds.is_engine(provider.kind)


def _engine_report() -> EngineReport | None:
    try:
        return EngineClient(settings.ENGINE_SOCKET, ENGINE_PATIENCE).models()
    except (EngineUnavailable, EngineRefused):
        return None


def _begun(request: HttpRequest) -> dict[str, Any]:
    """What a new installation lacks: above the charts while nothing was asked, else below them."""
    found = [(one, _way(request, one)) for one in _steps()]
    return {"steps": found, "begun": all(step.done for step, _link in found)}


def _steps() -> list[Step]:
    keys = ApiKey.objects.values_list("last_used_at", flat=True)[:2]
    facts = InstallationFacts(
        answered=Interaction.objects.filter(outcome="ok").exists(),
        key_used=any(used is not None for used in keys),
        keys=len(keys),
    )
    return steps(snapshot.current(), facts)


def _way(request: HttpRequest, step: Step) -> str:
    """Where a step is taken, "" where this user cannot take it."""
    path, permission = {
        "talk": ("console:playground", "gateway.use_playground"),
        "provider": ("admin:governance_provider_add", "governance.add_provider"),
        "profile": ("admin:governance_routingprofile_add", "governance.add_routingprofile"),
        "key": ("admin:governance_apikey_add", "governance.add_apikey"),
        "cloud": ("", ""),
    }[step.code]
    try:
        return reverse(path) if path and request.user.has_perm(permission) else ""
    except NoReverseMatch:
        return ""
