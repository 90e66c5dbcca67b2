"""API keys: what callers may do. A key is shown once, by the page that answers its creation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminSplitDateTimeWidget,
    UnfoldBooleanSwitchWidget,
)

from gateway.console.forms.document_form import DocumentForm
from gateway.console.forms.fields import ChoiceField, ChoicesField, LinesField, TextField
from gateway.console.forms.service_admin import ServiceAdmin, who
from gateway.console.theme.admin_classes import display
from governance import services
from governance.models import ApiKey, RoutingProfile
from governance.models.api_key import SCOPES
from governance.routing import fallback_modes
from governance.routing.fields import Problem
from governance.serializers.json_values import moment
from governance.services.keys import save_problems


class KeyForm(DocumentForm):
    name = TextField(label="Name", help_text="Who or what uses it.")
    owner = TextField(label="Owner", help_text="Name of a user; blank means nobody in particular.")
    scopes = ChoicesField(SCOPES, label="Permissions")
    confined_to = ChoicesField(
        (),
        label="Confined to",
        help_text="The only routing profiles it may use: a hint or a model that leads elsewhere is "
        "refused. None ticked: everywhere.",
    )
    addresses = LinesField(
        label=gettext_lazy("Only from"),
        rows=2,
        help_text=gettext_lazy("Addresses or networks, as 10.0.0.0/8, a line each."),
    )
    endpoints = LinesField(
        label=gettext_lazy("Only on"),
        rows=2,
        help_text=gettext_lazy("Paths, as /v1/embeddings, a line each."),
    )
    priority = ChoiceField(
        [("high", "High"), ("normal", "Normal"), ("low", "Low")],
        label="Priority",
        help_text="Place in the local engine's queue.",
    )
    local_fallback = ChoiceField(
        fallback_modes.CHOICES,
        label="When no target answers",
    )

    class Meta:
        model = ApiKey
        fields = (
            "name",
            "scopes",
            "routing_profile",
            "group",
            "owner",
            "confined_to",
            "addresses",
            "endpoints",
            "priority",
            "local_fallback",
            "local_only",
            "enabled",
            "expires_at",
        )
        widgets = {
            "local_only": UnfoldBooleanSwitchWidget(),
            "enabled": UnfoldBooleanSwitchWidget(),
            "expires_at": UnfoldAdminSplitDateTimeWidget(),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "confined_to" in self.fields:
            field = self.fields["confined_to"]
            assert isinstance(field, ChoicesField)
            field.choices = list(RoutingProfile.objects.values_list("pk", "name"))
        self.existing: str | None = None if self.instance._state.adding else self.instance.pk

    def document(self) -> dict[str, Any]:
        data = dict(self.cleaned_data)
        profile = data.get("routing_profile")
        data["routing_profile"] = profile.pk if profile else ""
        group = data.get("group")
        data["group"] = group.pk if group else ""
        data["expires_at"] = moment(data.get("expires_at"))
        return data

    def problems(self) -> Iterable[Problem]:
        return save_problems(self.document())


@admin.register(ApiKey)
class KeyAdmin(ServiceAdmin):
    audited_as = "API key"
    form = KeyForm
    list_display = (
        "name",
        "prefix_shown",
        "group",
        "scope_list",
        "routing_profile",
        "state_shown",
        "used",
    )
    list_select_related = ("routing_profile", "group")
    autocomplete_fields = ("routing_profile", "group")
    list_filter = ("enabled", "priority", "local_only")
    search_fields = ("id", "name", "prefix")
    empty_title = "There is no API key yet"
    empty_text = "Callers need one for every request. It is shown once, when it is made."
    fieldsets = (
        (None, {"fields": (("name", "enabled"), ("group", "owner"), "scopes", "expires_at")}),
        (
            "Routing",
            {
                "fields": (
                    ("routing_profile", "priority"),
                    "confined_to",
                    ("local_fallback", "local_only"),
                    ("addresses", "endpoints"),
                )
            },
        ),
        (
            "Key",
            {
                "fields": (
                    ("id", "prefix_shown"),
                    ("created_at", "last_used_at"),
                    ("last_used_address", "last_used_client"),
                )
            },
        ),
    )
    readonly_fields = (
        *("id", "prefix_shown", "created_at", "last_used_at"),
        *("last_used_address", "last_used_client"),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        found = super().get_fieldsets(request, obj)
        return found if obj else [one for one in found if one[0] != "Key"]

    def write(self, request: HttpRequest, form: Any, change: bool) -> Iterable[Problem]:
        maker = services.maker_of(request.user)
        if form.existing is not None:
            document, expected = self.resolved(request, form, form.document())
            return services.update_key(
                form.existing, document, who=who(request), maker=maker, expected=expected
            ).warnings
        saved, form.instance.secret = services.create_key(
            form.document(), who=who(request), maker=maker
        )
        form.instance.pk = saved.document["id"]
        return saved.warnings

    def response_add(
        self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None
    ) -> HttpResponse:
        """The only page that shows the key; nothing keeps it, messages and cookies included."""
        context = {
            **self.admin_site.each_context(request),
            "title": "The new API key",
            "opts": self.opts,
            "key": obj,
            "secret": getattr(obj, "secret", ""),
        }
        answer = TemplateResponse(request, "console/keys/made.html", context)
        answer["Cache-Control"] = "no-store"
        return answer

    def remove(self, request: HttpRequest, row: ApiKey) -> None:
        services.delete_key(row.pk, who=who(request))

    @display("Begins with")
    def prefix_shown(self, row: ApiKey) -> str:
        return f"{row.prefix}…"

    @display("Permissions")
    def scope_list(self, row: ApiKey) -> str:
        return ", ".join(row.scopes)

    @display(
        "State",
        label={"active": "success", "disabled": "default", "expired": "warning"},
    )
    def state_shown(self, row: ApiKey) -> str:
        return row.state

    @display("Last used", ordering="last_used_at", empty_value="never")
    def used(self, row: ApiKey) -> Any:
        return row.last_used_at
