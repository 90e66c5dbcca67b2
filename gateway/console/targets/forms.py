"""The targets of a profile as the rows of its form."""

from __future__ import annotations

from functools import cached_property
from math import inf
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from gateway.console.forms.document_form import PlainForm, place
from gateway.console.forms.fields import ChoicesField, NumberField, TextField
from gateway.console.picker.widgets import PickerWidget
from gateway.console.targets.ordering import Row, arranged
from gateway.console.targets.row_state import RowState
from gateway.console.theme.admin_classes import InlineFormSet
from governance import ports
from governance.models import RoutingTarget
from governance.models.routing_target import THRESHOLDS
from governance.routing.target_rules import CAPABILITIES
from governance.serializers import ProfileSerializer
from governance.services.profiles import profile_problems, with_id
from governance.strategies import strategy_named

IN_THE_ROW: Final = frozenset(
    {
        "provider",
        "model",
        "virtual_model",
        "weight",
        "enabled",
        "priority",
        "position",
        "place",
        "id",
        "profile",
        "DELETE",
    }
)


class TargetForm(PlainForm):
    provider = TextField(
        label=_("Provider"), widget=PickerWidget("providers", free=True, empty=_("provider"))
    )
    virtual_model = TextField(
        label=_("Alias"),
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off", "placeholder": "*"}),
    )
    model = TextField(
        label=_("Model"),
        widget=PickerWidget("models", free=True, beside="provider", empty=_("the name asked for")),
    )
    priority = NumberField(label=gettext_lazy("Priority"), widget=forms.HiddenInput())
    weight = NumberField(label=_("Weight"), initial=1)
    capabilities = ChoicesField(
        CAPABILITIES, label=_("Capabilities"), help_text=_("None: everything.")
    )
    request_types = ChoicesField(
        ports.request_types, label=_("Request types"), help_text=_("None: all.")
    )
    hedge_after = NumberField(
        label=_("Hedge after"),
        help_text=_(
            "Seconds without a first token after which the next target is asked too. Blank: as "
            "the profile says. 0: never."
        ),
    )
    request_percent_threshold = NumberField(
        label=_("Skip at percent of requests"),
        help_text=_("Of the limit that the provider tells of in its rate-limit headers."),
    )
    token_percent_threshold = NumberField(
        label=_("Skip at percent of tokens"),
        help_text=_("Of the limit that the provider tells of in its rate-limit headers."),
    )
    budget_percent_threshold = NumberField(
        label=_("Skip at percent of budget"),
        help_text=_("Kept with the profile; no provider tells of a budget, so nothing is skipped."),
    )
    position = NumberField(widget=forms.HiddenInput())
    place = NumberField(widget=forms.HiddenInput())

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
            "hedge_after",
            *THRESHOLDS,
            "position",
        )
        widgets = {"enabled": UnfoldBooleanSwitchWidget()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            self.initial["place"] = self.instance.position

    @property
    def conditions(self) -> list[Any]:
        """The fields of the drawer: all that have no place in the row."""
        return [self[name] for name in self.fields if name not in IN_THE_ROW]

    state: RowState | None = None
    share = ""
    divided = False
    """What stands beside the fields; see `shown`."""
    ranked: Any = None
    """The priority that the order of the rows comes to; see `ordering`."""

    def document(self) -> dict[str, Any]:
        """The target as the API would take it."""
        data = {**self.cleaned_data, "priority": self.ranked}
        plain = (
            "provider",
            "virtual_model",
            "model",
            "priority",
            "weight",
            "enabled",
            "hedge_after",
        )
        limits = {name: data[name] for name in THRESHOLDS if data.get(name) is not None}
        return {
            **{name: data.get(name) for name in plain},
            "request_types": data.get("request_types") or [],
            "capabilities": data.get("capabilities") or [],
            "rate_limit": limits or None,
        }

    def has_changed(self) -> bool:
        """Being dragged is no content: a blank row stays one wherever it lies."""
        return any(name not in _PLACES for name in self.changed_data)

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

    def get_queryset(self) -> Any:
        """The targets in the order they are tried in."""
        return self._in_order

    @cached_property
    def _in_order(self) -> Any:
        """Read once, however often the forms ask."""
        rows = super().get_queryset()
        ordered = strategy_named(self.instance.strategy).reads_priority
        return rows.order_by("priority", "-weight", "position") if ordered else rows

    @property
    def rows(self) -> list[TargetForm]:
        """All forms as they lie on the page; a form that came back lies as it was dragged."""
        if self.is_bound:
            return sorted(self.forms, key=_typed_position)
        for index, form in enumerate(self.forms):
            form.initial["position"] = index
        return list(self.forms)

    def live_forms(self) -> list[TargetForm]:
        """Forms that say something and are not to be deleted, as the profile will list them."""
        shown = sorted(
            (
                form
                for form in self.forms
                if hasattr(form, "cleaned_data")
                and form.has_changed()
                and not form.cleaned_data.get("DELETE")
            ),
            key=_position,
        )
        rows = [
            Row(_place(form), form.cleaned_data.get("priority"), form.cleaned_data.get("weight"))
            for form in shown
        ]
        order, priorities = arranged(rows, self.instance.strategy)
        for form, priority in zip(shown, priorities, strict=True):
            form.ranked = priority
        return [shown[index] for index in order]


_PLACES: Final = frozenset({"position", "place", "priority", "id"})


def _position(form: TargetForm) -> float:
    return _number(form.cleaned_data.get("position"))


def _place(form: TargetForm) -> float:
    """Where it lies in the saved list; without a word of that, where it lies on the page."""
    place = form.cleaned_data.get("place")
    return _number(form.cleaned_data.get("position") if place is None else place)


def _typed_position(form: TargetForm) -> float:
    return _number(form.fields["position"].to_python(form["position"].value()))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else inf
