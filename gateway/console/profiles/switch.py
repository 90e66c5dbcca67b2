"""The switch of a profile in the list: one press, by hand or by keyboard, one revision."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from gateway.console.forms.service_admin import ServiceAdmin, who
from governance import services
from governance.errors import NotFound, Refused
from governance.models import RoutingProfile

_LISTING = "admin:governance_routingprofile_changelist"
SWITCH = "governance_routingprofile_switch"
FORM = "list-switches"
"""The form on the page that the switches send; it keeps the list's filters."""


def rendered(row: RoutingProfile) -> SafeString:
    """A button that works without a script. What it sends is the state it leads to. A template
    would take ten times as long for a page of them."""
    return format_html(
        '<button class="pm-switch" id="switch-{0}" form="{1}" formaction="{2}" name="enabled" '
        'value="{3}" role="switch" aria-checked="{4}" aria-label="{5}"></button>',
        row.pk,
        FORM,
        reverse(f"admin:{SWITCH}", args=(row.pk,)),
        "off" if row.enabled else "on",
        "true" if row.enabled else "false",
        gettext("%(name)s enabled") % {"name": row.name},
    )


class SwitchAdmin(ServiceAdmin):
    """Gives the list of profiles its switches."""

    def get_urls(self) -> list[Any]:
        switch = self.admin_site.admin_view(self.switch)
        return [path("<path:object_id>/switch/", switch, name=SWITCH), *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return super().changelist_view(request, {"switch_form": FORM, **(extra_context or {})})

    def switch(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Sets the profile to the state sent, and goes back to the list as it was filtered."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        enabled = request.POST.get("enabled") == "on"
        try:
            saved = services.switch_profile(object_id, enabled, who=who(request))
        except NotFound:
            return self.missing(request, object_id)
        except Refused as refused:
            messages.error(
                request, gettext("Nothing was changed. %(refused)s") % {"refused": refused}
            )
        else:
            words = "on" if enabled else "off"
            messages.success(
                request,
                gettext("%(document)s is switched %(words)s.")
                % {"document": saved.document["name"], "words": words},
            )
        filters = request.POST.get("filters", "")
        listing = reverse(_LISTING) + (f"?{filters}" if filters else "")
        return HttpResponseRedirect(f"{listing}#switch-{object_id}")
