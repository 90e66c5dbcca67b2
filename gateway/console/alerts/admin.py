"""The page of alerts, with what they found and the button that tries them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from gateway.console.alerts.forms import AlertForm
from gateway.console.forms.plain_row_admin import PlainRowAdmin
from gateway.console.forms.service_admin import who
from gateway.console.theme.admin_classes import display
from gateway.console.theme.page import console_view
from governance.alerts import CONDITIONS
from governance.errors import Refused
from governance.models import AlertRule
from governance.models.alert_delivery import CHANNELS
from governance.services import ALERTS, try_alert

CHANGE = "governance.change_alertrule"
LATEST = 20
"""Events shown on the page of an alert."""


@admin.register(AlertRule)
class AlertAdmin(PlainRowAdmin):
    audited_as = ALERTS.kind
    rows = ALERTS
    form = AlertForm
    list_display = ("name", "condition_shown", "told_by", "found", "state_shown")
    list_filter = ("condition", "enabled")
    search_fields = ("name",)
    empty_title = gettext_lazy("There is no alert yet")
    empty_text = gettext_lazy(
        "An alert tells you when a limit is nearly used up, spending jumps, a provider fails, many "
        "requests fall back, or first tokens come late: here, by a webhook, or by e-mail."
    )
    change_form_after_template = "console/alerts/events.html"
    fieldsets = (
        (None, {"fields": (("name", "enabled"), ("condition", "subject"))}),
        (gettext_lazy("When"), {"fields": (("threshold", "minutes", "least"),)}),
        (
            gettext_lazy("Where it is told, beside the dashboard"),
            {"fields": (("webhook_url", "webhook_form"), "webhook_secret", "emails")},
        ),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[AlertRule]:
        rows: QuerySet[AlertRule] = super().get_queryset(request)
        return rows.annotate(lasting=Count("events", filter=Q(events__ended_at=None)))

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        if row is None:
            return {}
        events = row.events.prefetch_related("deliveries")[:LATEST]
        return {
            "events": render_to_string("console/alerts/event_list.html", {"events": events}),
            "may_test": request.user.has_perm(CHANGE),
            "channels": [CHANNELS[one] for one in row.channels],
        }

    @display(gettext_lazy("Tells of"), ordering="condition")
    def condition_shown(self, row: AlertRule) -> str:
        condition = CONDITIONS.get(row.condition)
        return row.condition if condition is None else _(condition.label)

    @display(gettext_lazy("Told by"))
    def told_by(self, row: AlertRule) -> str:
        return ", ".join([_("dashboard"), *(CHANNELS[one] for one in row.channels)])

    @display(gettext_lazy("Now"), label={"quiet": "success", "alert": "danger"})
    def found(self, row: Any) -> tuple[str, str]:
        if not row.lasting:
            return "quiet", _("quiet")
        return "alert", _("%(count)s last") % {"count": row.lasting}

    @display(gettext_lazy("State"), label={"on": "success", "off": "default"})
    def state_shown(self, row: AlertRule) -> tuple[str, str]:
        return ("on", _("on")) if row.enabled else ("off", _("off"))


@require_POST
@console_view(CHANGE)
def test(request: HttpRequest, pk: int) -> HttpResponse:
    """Sends a message to everywhere the alert leads, and says what came of it."""
    try:
        channels = try_alert(pk, who=who(request))
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        named = ", ".join(CHANNELS[one] for one in channels)
        messages.success(
            request, _("A test message arrived by %(channels)s.") % {"channels": named}
        )
    if not AlertRule.objects.filter(pk=pk).exists():
        return HttpResponseRedirect(reverse("admin:governance_alertrule_changelist"))
    return HttpResponseRedirect(reverse("admin:governance_alertrule_change", args=(pk,)))
