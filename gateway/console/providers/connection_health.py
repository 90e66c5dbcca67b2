"""A provider's health on its page: what this process knows, and what the log says of all."""

from __future__ import annotations

import os
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from gateway.console.forms.service_admin import cloud_routing
from gateway.console.monitoring.condition import ProviderCondition, condition
from gateway.console.monitoring.current_health import CurrentHealth
from gateway.console.monitoring.failures import last_hour
from gateway.console.monitoring.process_health import current_health
from gateway.console.monitoring.troubles import recent_attempts
from gateway.console.theme.page import console_view
from governance import services, snapshot
from governance.interactions.record import OUTCOMES
from governance.models import Provider
from governance.routing.overrides import override_of

TEMPLATE: Final = "console/providers/health_state.html"
VIEW: Final = "governance.view_provider"
CHANGE: Final = "governance.change_provider"
SEE_LOG: Final = "governance.view_interaction"
PLAY: Final = "gateway.use_playground"

TONES: Final = {
    "drained": "bad",
    "forced_open": "warn",
    "forced_closed": "busy",
    "recovering": "busy",
    "refused": "bad",
    "failing": "bad",
    "cooling_down": "warn",
    "on_trial": "warn",
    "limited": "warn",
    "saturated": "busy",
    "some_failures": "warn",
    "answering": "good",
    "unknown": "quiet",
}


@require_GET
@console_view(VIEW)
def health(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the page that changes, asked for again and again."""
    row = get_object_or_404(Provider, pk=pk)
    return render(request, TEMPLATE, state(request, row))


def rendered_health(request: HttpRequest, row: Provider) -> SafeString:
    """The same part of the page, for the page as it arrives."""
    return render_to_string(TEMPLATE, state(request, row), request=request)


def state(request: HttpRequest, row: Provider) -> dict[str, Any]:
    """What this user may see. Five queries at most, however long the log."""
    now, key = timezone.now(), row.name.casefold()
    held = current_health().get(key)
    recent = {one.provider.casefold(): one for one in recent_attempts(now)}
    override = override_of(snapshot.current().overrides, key, "")
    found: ProviderCondition = condition(recent.get(key), held, override)
    context: dict[str, Any] = {
        "provider": row,
        "condition": found,
        "tone": TONES[found.code],
        "live": held or CurrentHealth(),
        "process": os.getpid(),
    }
    if request.user.has_perm(SEE_LOG):
        hour = last_hour(row.name, now)
        failed = {"period": "hour", "q": f"{row.name}:"}
        answered = {"period": "hour", "provider": row.name}
        log = reverse("admin:governance_interaction_changelist")
        context |= {
            "hour": hour,
            "kinds": [(kind, OUTCOMES.get(kind.outcome, kind.outcome)) for kind in hour.kinds],
            "latest": [(one, OUTCOMES.get(one.outcome, one.outcome)) for one in hour.latest],
            "failed_link": f"{log}?{urlencode(failed)}",
            "all_link": f"{log}?{urlencode(answered)}",
        }
        if not hour.tried and not hour.kinds:
            context["next"] = _next(request, row)
    return context


def _next(request: HttpRequest, row: Provider) -> tuple[str, str, str]:
    """Where nothing was tried: a sentence, and a link with its words where there is one to give."""
    if not row.enabled:
        return gettext("It is switched off: switch it on below."), "", ""
    if not row.is_local and not cloud_routing():
        return (
            gettext(
                "Cloud routing is off, so nothing is sent there. "
                "POINTSMAN_ENABLE_CLOUD_ROUTING=true switches it on."
            ),
            "",
            "",
        )
    if not row.is_default and not services.profiles_naming(row.name):
        if not request.user.has_perm(CHANGE):
            return gettext("No routing profile names it."), "", ""
        return (
            gettext("No routing profile names it: list its models below and make them targets."),
            "",
            "",
        )
    if not request.user.has_perm(PLAY):
        return gettext("Requests through a profile that names it will show here."), "", ""
    link = f"{reverse('console:playground')}?{urlencode({'model': f'{row.name}/{_model(row)}'})}"
    return gettext("Send it one to see how it fares."), link, gettext("Open the playground")


def _model(row: Provider) -> str:
    return row.default_model or next(iter(row.models), "")
