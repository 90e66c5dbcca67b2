"""Model mappings: what the names that clients hard-code stand for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldBooleanSwitchWidget

from gateway.console.forms.document_form import DocumentForm
from gateway.console.forms.fields import ChoiceField, NumberField, TextField
from gateway.console.forms.service_admin import ServiceAdmin, who
from gateway.console.forms.suggestions import profile_suggestions
from governance import services
from governance.models import ModelMapping
from governance.routing.fields import Problem
from governance.services.mappings import save_problems


class MappingForm(DocumentForm):
    pattern = TextField(
        label=gettext_lazy("Pattern"),
        help_text=gettext_lazy("A regular expression (RE2) must match the whole name."),
    )
    match = ChoiceField(
        [
            ("exact", gettext_lazy("Exact")),
            ("prefix", gettext_lazy("Prefix")),
            ("regex", gettext_lazy("Regular expression")),
        ],
        label=gettext_lazy("Match"),
    )
    destination = TextField(
        label=gettext_lazy("Destination"),
        suggestions="profiles",
        help_text=gettext_lazy(
            "A virtual model (light/large), a provider's model (openai/gpt-4o), or a "
            "profile's id, name or virtual provider."
        ),
    )
    priority = NumberField(
        label=gettext_lazy("Priority"), initial=0, help_text=gettext_lazy("Lower is tried first.")
    )

    class Meta:
        model = ModelMapping
        fields = ("pattern", "match", "destination", "priority", "enabled")
        widgets = {"enabled": UnfoldBooleanSwitchWidget()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.existing: int | None = self.instance.pk

    def problems(self) -> Iterable[Problem]:
        return save_problems(self.document(), self.instance)


@admin.register(ModelMapping)
class MappingAdmin(ServiceAdmin):
    audited_as = "model mapping"
    form = MappingForm
    fields = (("pattern", "match"), "destination", ("priority", "enabled"))
    list_display = ("pattern", "match", "destination", "priority", "enabled")
    list_filter = ("match", "enabled")
    search_fields = ("pattern", "destination")
    empty_title = gettext_lazy("There is no model mapping yet")
    empty_text = gettext_lazy(
        "Clients that hard-code a model name (gpt-4o-mini) need not change: a mapping "
        "sends that name to a virtual model or a provider."
    )
    change_form_after_template = "console/forms/profile_suggestions.html"

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {"suggested_profiles": profile_suggestions()}

    def write(self, request: HttpRequest, form: Any, change: bool) -> Iterable[Problem]:
        document, expected = self.resolved(request, form, form.document())
        saved = services.save_mapping(
            document, who=who(request), existing=form.existing, expected=expected
        )
        form.instance.pk = saved.document["id"]
        return saved.warnings

    def remove(self, request: HttpRequest, row: ModelMapping) -> None:
        services.delete_mapping(row.pk, who=who(request))
