"""What is typed of groups, limits and prices, as documents of the API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSplitDateTimeWidget, UnfoldBooleanSwitchWidget

from gateway.console.forms.document_form import DocumentForm
from gateway.console.forms.fields import ChoiceField, LinesField, NumberField, TextField
from gateway.console.picker.subjects import subject_label
from gateway.console.picker.widgets import PickerWidget
from governance import limits
from governance.json_values import moment
from governance.limits.limit import EACH, ENFORCEMENTS, UNPRICED, WINDOWS
from governance.load_limits import limit_of
from governance.models import Group, Limit, ModelPrice
from governance.models.choices import told
from governance.routing.fields import Problem
from governance.serializers import LimitSerializer, ModelPriceSerializer
from governance.services.budgets import group_problems, limit_problems, price_problems

WEIGHTS: Final = ("input", "output", "cached", "reasoning")
RATES: Final = ("input", "output", "cached_read", "cached_write", "reasoning", "request")


class GroupForm(DocumentForm):
    name = TextField(label=gettext_lazy("Name"), help_text=gettext_lazy("A customer or a team."))

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


_SUBJECTS: Final = {
    "group": gettext_lazy("Group: %(name)s"),
    "key": gettext_lazy("API key: %(name)s"),
    "profile": gettext_lazy("Profile: %(name)s"),
    "provider": gettext_lazy("Provider: %(name)s"),
}


def owner_words(row: Limit) -> str:
    """Whose use the limit counts."""
    if row.subject_type not in _SUBJECTS:
        return row.get_subject_type_display()
    name = limit_of(row).subject_name or row.subject_id
    return _SUBJECTS[row.subject_type] % {"name": name}


class LimitForm(DocumentForm):
    name = TextField(
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("What callers read when it refuses them."),
    )
    subject = TextField(
        label=gettext_lazy("Whose use"),
        initial="everything:",
        widget=PickerWidget(
            "limit-subjects", empty=gettext_lazy("A key, group, profile or provider")
        ),
    )
    each = ChoiceField(
        [("", gettext_lazy("All together")), *told(EACH.items())],
        label=gettext_lazy("The amount is for"),
    )
    measure = ChoiceField(limits.measures, label=gettext_lazy("Counts"))
    amount = TextField(
        label=gettext_lazy("Amount"), help_text=gettext_lazy("US dollars where cost is counted.")
    )
    window = ChoiceField(told(WINDOWS.items()), label=gettext_lazy("In each"), initial="month")
    enforcement = ChoiceField(
        told(ENFORCEMENTS.items()), label=gettext_lazy("Beyond it"), initial="refuse"
    )
    provider = TextField(label=gettext_lazy("Only this provider"), suggestions="providers")
    model = TextField(
        label=gettext_lazy("Only these models"), help_text=gettext_lazy("* stands for any text.")
    )
    time_zone = TextField(
        label=gettext_lazy("Time zone"),
        initial="UTC",
        help_text=gettext_lazy("As in Europe/Berlin."),
    )
    day = NumberField(
        label=gettext_lazy("First day"),
        initial=1,
        help_text=gettext_lazy("Of the month, or of the week."),
    )
    hour = NumberField(label=gettext_lazy("First hour"), initial=0)
    warn_at = LinesField(
        label=gettext_lazy("Warn at percent"), rows=2, help_text=gettext_lazy("A number a line.")
    )
    mode = ChoiceField(
        told(UNPRICED.items()), label=gettext_lazy("Without a known price"), initial="free"
    )
    rate = TextField(
        label=gettext_lazy("Fixed rate"), help_text=gettext_lazy("US dollars for a million tokens.")
    )
    input = NumberField(label=gettext_lazy("Weight of prompt tokens"), initial=1)
    output = NumberField(label=gettext_lazy("Of tokens of the answer"), initial=1)
    cached = NumberField(label=gettext_lazy("Of cached ones"), initial=1)
    reasoning = NumberField(label=gettext_lazy("Of reasoning"), initial=1)

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
        label=gettext_lazy("Provider"),
        suggestions="providers",
        help_text=gettext_lazy("Blank means every one."),
    )
    model = TextField(
        label=gettext_lazy("Model"),
        help_text=gettext_lazy("What it is asked for; * stands for any text."),
    )
    input = TextField(
        label=gettext_lazy("Prompt"), help_text=gettext_lazy("US dollars for a million tokens.")
    )
    output = TextField(
        label=gettext_lazy("Answer"), help_text=gettext_lazy("US dollars for a million tokens.")
    )
    cached_read = TextField(
        label=gettext_lazy("Read from a cache"), help_text=gettext_lazy("Blank: as the prompt.")
    )
    cached_write = TextField(
        label=gettext_lazy("Written to a cache"), help_text=gettext_lazy("Blank: as the prompt.")
    )
    reasoning = TextField(
        label=gettext_lazy("Reasoning"), help_text=gettext_lazy("Blank: as the answer.")
    )
    request = TextField(
        label=gettext_lazy("Each request"), help_text=gettext_lazy("US dollars, beside its tokens.")
    )

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
