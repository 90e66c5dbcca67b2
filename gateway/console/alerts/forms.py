"""What is typed of an alert, as a document of the API."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldBooleanSwitchWidget

from gateway.console.forms.document_form import DocumentForm
from gateway.console.forms.fields import (
    ChoiceField,
    LinesField,
    NumberField,
    SecretField,
    TextField,
)
from gateway.console.picker.subjects import subject_label
from gateway.console.picker.widgets import PickerWidget
from governance.alerts import CONDITIONS
from governance.alerts.messages import FORMS
from governance.models import AlertRule
from governance.routing.fields import Problem
from governance.serializers import AlertSerializer
from governance.services.alerts import alert_problems


def conditions() -> list[tuple[str, str]]:
    return [(one.name, _(one.label)) for one in CONDITIONS.values()]


class AlertForm(DocumentForm):
    name = TextField(label=gettext_lazy("Name"))
    condition = ChoiceField(conditions, label=gettext_lazy("Tell of"))
    threshold = NumberField(
        label=gettext_lazy("From"),
        help_text=gettext_lazy("Percent, or seconds for first tokens. Blank: what is usual."),
    )
    subject = TextField(
        label=gettext_lazy("Only"),
        widget=PickerWidget("alert-subjects", empty=gettext_lazy("Every one")),
    )
    minutes = NumberField(
        label=gettext_lazy("Looking back, minutes"),
        help_text=gettext_lazy("Blank: 15, and a day for spending."),
    )
    least = NumberField(
        label=gettext_lazy("At least"),
        help_text=gettext_lazy("Requests, or US dollars for spending, before it says anything."),
    )
    webhook_url = TextField(
        label=gettext_lazy("Webhook"),
        help_text=gettext_lazy("Its path is not shown again; left as it is, it stays."),
    )
    webhook_form = ChoiceField(
        [(name, label) for name, (label, _) in FORMS.items()],
        label=gettext_lazy("In the form of"),
        initial="json",
    )
    webhook_secret = SecretField(
        label=gettext_lazy("Signed with"),
        help_text=gettext_lazy("A secret that the receiver checks messages by. Blank: it stays."),
    )
    emails = LinesField(
        label=gettext_lazy("E-mail to"), rows=2, help_text=gettext_lazy("An address a line.")
    )

    class Meta:
        model = AlertRule
        fields = ("name", "condition", "threshold", "minutes", "least", "emails", "enabled")
        widgets = {"enabled": UnfoldBooleanSwitchWidget()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.existing: int | None = self.instance.pk
        if self.existing is not None:
            document = AlertSerializer.document(self.instance)
            watched = CONDITIONS[self.instance.condition].watches
            subject = document.pop("subject")
            self.initial.update(document)
            self.initial["subject"] = f"{watched}:{subject}" if subject else ""
        if "subject" in self.fields:
            widget = self.fields["subject"].widget
            assert isinstance(widget, PickerWidget)
            widget.label = subject_label(str(self["subject"].value() or ""))
        if "emails" in self.fields and not settings.EMAIL_CONFIGURED:
            self.fields["emails"].help_text = _(
                "An address a line. E-mail is not configured yet: see POINTSMAN_EMAIL_HOST."
            )

    def document(self) -> dict[str, Any]:
        typed = dict(self.cleaned_data)
        typed["subject"] = str(typed.get("subject") or "").partition(":")[2]
        if not typed.get("webhook_secret"):
            typed.pop("webhook_secret", None)
        return typed

    def problems(self) -> Iterable[Problem]:
        kind = str(self.cleaned_data.get("subject") or "").partition(":")[0]
        condition = CONDITIONS.get(str(self.cleaned_data.get("condition")))
        if kind and condition is not None and kind != condition.watches:
            message = _("That is nothing this can be watched of: choose another, or every one.")
            return [Problem("subject", "unknown_subject", message)]
        return alert_problems(self.document(), self.instance)
