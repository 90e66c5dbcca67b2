"""What is typed of groups, limits and prices, as documents of the API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSplitDateTimeWidget, UnfoldBooleanSwitchWidget

from gateway.console.forms.document_form import DocumentForm
from gateway.console.forms.fields import ChoiceField, LinesField, NumberField, TextField
from gateway.console.picker.subjects import subject_label
from gateway.console.picker.widgets import PickerWidget
from governance import limits
from governance.limits.limit import EACH, ENFORCEMENTS, UNPRICED, WINDOWS
from governance.models import Group, Limit, ModelPrice
from governance.routing.fields import Problem
from governance.serializers import LimitSerializer, ModelPriceSerializer
from governance.serializers.json_values import moment
from governance.services.budgets import group_problems, limit_problems, price_problems

WEIGHTS: Final = ("input", "output", "cached", "reasoning")
RATES: Final = ("input", "output", "cached_read", "cached_write", "reasoning", "request")


class GroupForm(DocumentForm):
    name = TextField(label="Name", help_text="A customer or a team.")

    class Meta:
        model = Group
        fields = ("name", "parent")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.existing: str | None = None if self.instance._state.adding else self.instance.pk

    def document(self) -> dict[str, Any]:
        parent = self.cleaned_data.get("parent")
        return {"name": self.cleaned_data.get("name"), "parent": parent.pk if parent else ""}

    def problems(self) -> Iterable[Problem]:
        return group_problems(self.document(), self.instance)


class LimitForm(DocumentForm):
    name = TextField(label="Name", help_text="What callers read when it refuses them.")
    subject = TextField(
        label=_("Whose use"),
        initial="everything:",
        widget=PickerWidget("limit-subjects", empty=_("A key, group, profile or provider")),
    )
    each = ChoiceField(
        [("", "All together"), *((name, label) for name, label in EACH.items())],
        label="The amount is for",
    )
    measure = ChoiceField(limits.measures, label="Counts")
    amount = TextField(label="Amount", help_text="US dollars where cost is counted.")
    window = ChoiceField(list(WINDOWS.items()), label="In each", initial="month")
    enforcement = ChoiceField(list(ENFORCEMENTS.items()), label="Beyond it", initial="refuse")
    provider = TextField(label="Only this provider", suggestions="providers")
    model = TextField(label="Only these models", help_text="* stands for any text.")
    time_zone = TextField(label="Time zone", initial="UTC", help_text="As in Europe/Berlin.")
    day = NumberField(label="First day", initial=1, help_text="Of the month, or of the week.")
    hour = NumberField(label="First hour", initial=0)
    warn_at = LinesField(label="Warn at percent", rows=2, help_text="A number a line.")
    mode = ChoiceField(list(UNPRICED.items()), label="Without a known price", initial="free")
    rate = TextField(label="Fixed rate", help_text="US dollars for a million tokens.")
    input = NumberField(label="Weight of prompt tokens", initial=1)
    output = NumberField(label="Of tokens of the answer", initial=1)
    cached = NumberField(label="Of cached ones", initial=1)
    reasoning = NumberField(label="Of reasoning", initial=1)

    class Meta:
        model = Limit
        fields = ("name", "enabled", "strict")
        widgets = {
            "enabled": UnfoldBooleanSwitchWidget(),
            "strict": UnfoldBooleanSwitchWidget(),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.existing: int | None = self.instance.pk
        if self.existing is not None:
            self.initial.update(_shown(LimitSerializer.document(self.instance)))
        if "subject" in self.fields:
            widget, subject = self.fields["subject"].widget, self["subject"].value()
            assert isinstance(widget, PickerWidget)
            widget.label = subject_label(str(subject or ""))

    def document(self) -> dict[str, Any]:
        typed = dict(self.cleaned_data)
        kind, _, identity = str(typed.pop("subject", "")).partition(":")
        typed |= {
            "subject": {"type": kind, "id": identity},
            "weights": {name: typed.pop(name, None) for name in WEIGHTS},
            "window_start": {name: typed.pop(name, None) for name in ("day", "hour")},
            "unpriced": {"mode": typed.pop("mode", None), "rate": typed.pop("rate", None) or None},
            "amount": typed.get("amount") or None,
            "warn_at": [_number(one) for one in typed.get("warn_at") or ()],
        }
        return typed

    def problems(self) -> Iterable[Problem]:
        return limit_problems(self.document(), self.instance)


def _shown(document: dict[str, Any]) -> dict[str, Any]:
    subject = document.pop("subject")
    return {
        **document,
        **document["weights"],
        **document["window_start"],
        **document["unpriced"],
        "each": document["each"] or "",
        "warn_at": [f"{one:g}" for one in document["warn_at"]],
        "subject": f"{subject['type']}:{subject['id']}",
    }


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text


class PriceForm(DocumentForm):
    provider = TextField(
        label="Provider", suggestions="providers", help_text="Blank means every one."
    )
    model = TextField(label="Model", help_text="What it is asked for; * stands for any text.")
    input = TextField(label="Prompt", help_text="US dollars for a million tokens.")
    output = TextField(label="Answer", help_text="US dollars for a million tokens.")
    cached_read = TextField(label="Read from a cache", help_text="Blank: as the prompt.")
    cached_write = TextField(label="Written to a cache", help_text="Blank: as the prompt.")
    reasoning = TextField(label="Reasoning", help_text="Blank: as the answer.")
    request = TextField(label="Each request", help_text="US dollars, beside its tokens.")

    class Meta:
        model = ModelPrice
        fields = ("provider", "model", *RATES, "valid_from")
        widgets = {"valid_from": UnfoldAdminSplitDateTimeWidget()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.existing: int | None = self.instance.pk
        if self.existing is not None:
            document = ModelPriceSerializer.document(self.instance)
            self.initial.update({name: document[name] or "" for name in RATES})

    def document(self) -> dict[str, Any]:
        typed = dict(self.cleaned_data)
        typed |= {name: typed.get(name) or None for name in RATES}
        typed["valid_from"] = moment(typed.get("valid_from"))
        return typed

    def problems(self) -> Iterable[Problem]:
        return price_problems(self.document(), self.instance)
