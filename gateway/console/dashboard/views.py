"""The admin's first page: what needs attention, traffic, latest changes, and how to begin."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from django.conf import settings
from django.contrib import admin
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_GET

from gateway.collector.places import places
from gateway.collector.status import read
from gateway.console.dashboard.chart import chart
from gateway.console.dashboard.steps import InstallationFacts, Step, steps
from gateway.console.engine.panel import engine_attention
from gateway.console.monitoring.alerts import alert_attention
from gateway.console.monitoring.attention import Attention, attention, in_order
from gateway.console.monitoring.collector import collector_attention
from gateway.console.monitoring.traffic import PERIODS, ROWS, SAMPLE, Period, Traffic, traffic
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

FRESH_SECONDS: Final = {"hour": 2, "day": 5, "week": 15}
"""How long a period's figures are used again, so that many open pages cost as much as one."""
CHANGES: Final = 5
ENGINE_PATIENCE: Final = 0.5
"""Seconds; a hanging engine must not hold the page up."""


def context(request: HttpRequest, found: dict[str, Any]) -> dict[str, Any]:
    """What the admin's index is rendered with."""
    return {**found, "title": "Dashboard", **state(request)}


@require_GET
@console_view()
def live(request: HttpRequest) -> HttpResponse:
    """The part of the page that changes, asked for again and again."""
    return render(request, "console/dashboard/state.html", state(request))


def state(request: HttpRequest) -> dict[str, Any]:
    """Everything this user may see."""
    user, now = request.user, datetime.now(UTC)
    period = PERIODS.get(request.GET.get("period", ""), PERIODS["hour"])
    found: dict[str, Any] = {"period": period, "periods": PERIODS.values(), "now": now}
    if user.has_perms(SEE_ROUTING):
        found["attention"] = [(one, _about(one)) for one in _attention(request, now)]
        found["steps"] = [(one, _way(request, one)) for one in _steps()]
        found["begun"] = all(step.done for step, _ in found["steps"])
    if user.has_perm(SEE_TRAFFIC):
        measured = _traffic(period, now)
        found |= {"traffic": measured, "chart": chart(measured), "rows": ROWS, "sample": SAMPLE}
        found["fallback_sentence"] = installation_sentence(snapshot.current())
        found["log"] = _reverse("admin:governance_interaction_changelist")
    if user.has_perm(SEE_CHANGES):
        found["changes"] = Revision.objects.defer("changes")[:CHANGES]
    return found


def _traffic(period: Period, now: datetime) -> Traffic:
    key = f"console:traffic:{period.name}"
    found: Traffic | None = cache.get(key)
    if found is None:
        found = traffic(period, now)
        cache.set(key, found, FRESH_SECONDS[period.name])
    return found


def _attention(request: HttpRequest, now: datetime) -> list[Attention]:
    table = snapshot.current()
    sealed = Provider.objects.only("name", "sealed_api_key", "sealed_headers")
    unreadable = [row.name for row in sealed if row.credential == "unreadable"]
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


def _steps() -> list[Step]:
    keys = ApiKey.objects.values_list("last_used_at", flat=True)[:2]
    facts = InstallationFacts(
        answered=Interaction.objects.filter(outcome="ok").exists(),
        key_used=any(used is not None for used in keys),
        keys=len(keys),
    )
    return steps(snapshot.current(), facts)


def _about(one: Attention) -> str:
    """The page of what an item is about, "" where there is none."""
    if one.kind == "engine":
        return _reverse("console:engine")
    if one.kind == "alert":
        return _reverse("admin:governance_alertrule_change", one.subject)
    if one.kind == "profile":
        return _reverse("admin:governance_routingprofile_change", one.subject)
    if one.kind == "provider":
        row = Provider.objects.filter(name=one.subject).only("pk").first()
        if row is not None:
            return _reverse("admin:governance_provider_change", row.pk)
        return _reverse("admin:governance_provider_changelist")
    return ""


def _way(request: HttpRequest, step: Step) -> str:
    """Where a step is taken, "" where this user cannot take it."""
    path, permission = {
        "talk": ("console:playground", "gateway.use_playground"),
        "provider": ("admin:governance_provider_add", "governance.add_provider"),
        "profile": ("admin:governance_routingprofile_add", "governance.add_routingprofile"),
        "key": ("admin:governance_apikey_add", "governance.add_apikey"),
        "cloud": ("", ""),
    }[step.code]
    return _reverse(path) if path and request.user.has_perm(permission) else ""


def _reverse(path: str, *arguments: object) -> str:
    try:
        return reverse(path, args=arguments, current_app=admin.site.name)
    except NoReverseMatch:
        return ""
