"""Draining a provider or forcing its breaker, on its page: for a while, and with a reason."""

from __future__ import annotations

from typing import Final

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from gateway.console.forms.service_admin import who
from gateway.console.theme.page import console_view
from governance import services
from governance.errors import Refused
from governance.models import Provider
from governance.whole_number import whole_number

CHANGE: Final = "governance.change_provider"
TONES: Final = {"drain": "bad", "open": "warn", "closed": "busy"}
CHOICES: Final = (
    ("drain", gettext_lazy("Drain: no new requests")),
    ("open", gettext_lazy("Force the breaker open: try it after all others")),
    ("closed", gettext_lazy("Force the breaker closed: hold no failures against it")),
)
BADGES: Final = {
    "drain": gettext_lazy("drained"),
    "open": gettext_lazy("breaker forced open"),
    "closed": gettext_lazy("breaker forced closed"),
}
FOR: Final = (
    (15, gettext_lazy("15 minutes")),
    (60, gettext_lazy("1 hour")),
    (240, gettext_lazy("4 hours")),
    (1440, gettext_lazy("1 day")),
    (10080, gettext_lazy("7 days")),
)


def rendered_override(request: HttpRequest, row: Provider) -> SafeString:
    """The part of the page: what is in force, and the form where it may be changed."""
    found = [
        (one, BADGES[one.state], TONES[one.state], f"{one.model or row.name}")
        for one in services.overrides_of(row)
    ]
    return render_to_string(
        "console/providers/override.html",
        {
            "provider": row,
            "overrides": found,
            "choices": CHOICES,
            "durations": FOR,
            "model": request.GET.get("override", "")[:300],
            "may_change": request.user.has_perm(CHANGE),
        },
        request=request,
    )


@require_POST
@console_view(CHANGE)
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Puts an override in force, or ends the one of the model named."""
    row = get_object_or_404(Provider, pk=pk)
    sent = request.POST
    model = sent.get("model", "").strip()
    try:
        if "end" in sent:
            services.end_override(row.name, model, who=who(request))
            messages.success(
                request,
                _("%(name)s is used again as its health allows.") % {"name": model or row.name},
            )
        else:
            document = {
                "state": sent.get("state", ""),
                "model": model,
                "minutes": whole_number(sent.get("minutes", "")) or 0,
                "reason": sent.get("reason", "").strip(),
            }
            services.set_override(row.name, document, who=who(request))
            messages.success(request, _("It holds from now on, and ends by itself."))
    except Refused as refused:
        for problem in refused.problems:
            messages.error(request, problem.message)
    return HttpResponseRedirect(reverse("admin:governance_provider_change", args=(row.pk,)))
