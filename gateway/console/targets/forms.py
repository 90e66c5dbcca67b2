"""The targets of a profile as the rows of its form."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import UnfoldBooleanSwitchWidget

from gateway.console.forms.document_form import PlainForm, place
from gateway.console.forms.fields import ChoicesField, NumberField, TextField
from gateway.console.theme.admin_classes import InlineFormSet
from governance.models import RoutingTarget
from governance.models.routing_target import THRESHOLDS
from governance.routing.target_rules import CAPABILITIES
from governance.routing.vocabulary import REQUEST_TYPES
from governance.serializers import ProfileSerializer
from governance.services.profiles import profile_problems, with_id


class TargetForm(PlainForm):
    provider = TextField(
        label="Provider",
        suggestions="providers",
        help_text="A provider's name; it need not exist yet.",
    )
    virtual_model = TextField(
        label="Virtual model",
        help_text="The alias it serves; blank or * serves all of them.",
    )
    model = TextField(
        label="Model",
        suggestions="models",
        help_text="What the provider is asked for; blank passes on the name asked for.",
    )
    priority = NumberField(label="Priority", initial=0, help_text="Lower is tried first.")
    weight = NumberField(label="Weight", initial=1, help_text="Its share when weighted.")
    capabilities = ChoicesField(CAPABILITIES, label="Can take", help_text="None: everything.")
    request_types = ChoicesField(REQUEST_TYPES, label="Request types", help_text="None: all.")
    request_percent_threshold = NumberField(
        label="Requests", help_text="Skipped once so many percent of the limit are used."
    )
    token_percent_threshold = NumberField(label="Tokens", help_text="Percent of the limit.")
    budget_percent_threshold = NumberField(label="Budget", help_text="Percent of the limit.")
    position = NumberField(widget=forms.HiddenInput())

    class Meta:
        model = RoutingTarget
        fields = (
            "provider",
            "virtual_model",
            "model",
            "priority",
            "weight",
            "enabled",
            "capabilities",
            "request_types",
            *THRESHOLDS,
            "position",
        )
        widgets = {"enabled": UnfoldBooleanSwitchWidget()}

    def document(self) -> dict[str, Any]:
        """The target as the API would take it."""
        data = self.cleaned_data
        plain = ("provider", "virtual_model", "model", "priority", "weight", "enabled")
        limits = {name: data[name] for name in THRESHOLDS if data.get(name) is not None}
        return {
            **{name: data.get(name) for name in plain},
            "request_types": data.get("request_types") or [],
            "capabilities": data.get("capabilities") or [],
            "rate_limit": limits or None,
        }

    def has_changed(self) -> bool:
        """Being dragged is no content: a blank row stays one wherever it lies."""
        return any(name != "position" for name in self.changed_data)

    def _post_clean(self) -> None:
        """Nothing: the formset checks all targets together, with their profile."""


class TargetFormSet(InlineFormSet):
    """Checks the profile whole, and keeps what concerns targets.

    What was sent is a list of targets that replaces the one before, whatever rows that had: a page
    that was open while someone else saved is no special case.
    """

    def initial_form_count(self) -> int:
        return 0 if self.is_bound else int(super().initial_form_count())

    def add_fields(self, form: PlainForm, index: int | None) -> None:
        super().add_fields(form, index)
        form.fields["id"] = forms.CharField(required=False, widget=forms.HiddenInput())

    def clean(self) -> None:
        live = self.live_forms()
        adding = self.instance._state.adding
        existing = None if adding else self.instance.pk
        document = {
            **ProfileSerializer.document(self.instance),
            "id": existing or "new",
            "targets": [form.document() for form in live],
        }
        whole: list[str] = []
        for problem in profile_problems(with_id(document, existing), existing):
            if problem.path == "targets":
                whole.append(problem.message)
            elif problem.path.startswith("targets["):
                index = int(problem.path[len("targets[") : problem.path.index("]")])
                place(live[index], problem, f"targets[{index}]")
        if whole:
            raise forms.ValidationError(whole)

    def documents(self) -> list[dict[str, Any]]:
        """The targets in the order they lie in."""
        return [form.document() for form in self.live_forms()]

    def live_forms(self) -> list[TargetForm]:
        """Forms that say something and are not to be deleted, by position."""
        forms_ = [
            form
            for form in self.forms
            if hasattr(form, "cleaned_data")
            and form.has_changed()
            and not form.cleaned_data.get("DELETE")
        ]
        return sorted(forms_, key=_position)


def _position(form: TargetForm) -> float:
    position = form.cleaned_data.get("position")
    return float(position) if isinstance(position, int | float) else float("inf")
