"""The form of a provider."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext, gettext_lazy
from unfold.widgets import UnfoldBooleanSwitchWidget, UnfoldBooleanWidget

from gateway.console.forms.document_form import DocumentForm
from gateway.console.forms.fields import (
    ChoiceField,
    ChoicesField,
    HeadersField,
    LinesField,
    NumberField,
    SecretField,
    TextField,
)
from gateway.console.providers.facts_field import FactLinesField
from governance import kinds
from governance.models import Provider
from governance.models.provider import TIMEOUTS
from governance.routing.fields import Problem
from governance.routing.target_rules import CAPABILITIES
from governance.serializers import MASK
from governance.services.providers import credential_problems, save_problems

PLAIN = (
    "name",
    "kind",
    "base_url",
    "is_local",
    "default_model",
    "models",
    "responses_models",
    "capabilities",
    "model_facts",
    *TIMEOUTS,
    "max_concurrency",
    "enabled",
    "is_default",
)


class ProviderForm(DocumentForm):
    name = TextField(
        label=gettext_lazy("Name"), help_text=gettext_lazy("What targets and callers call it.")
    )
    kind = ChoiceField(
        kinds.choices,
        label=gettext_lazy("Kind"),
        help_text=gettext_lazy("The API it speaks, and how your key is shown to it."),
    )
    base_url = TextField(
        label=gettext_lazy("Base URL"),
        help_text=gettext_lazy(
            "As https://api.openai.com/v1. Blank for the built-in engine, which has none."
        ),
    )
    default_model = TextField(
        label=gettext_lazy("Default model"),
        help_text=gettext_lazy("Asked for when neither target nor request names a model."),
    )
    models = LinesField(
        label=gettext_lazy("Models"), help_text=gettext_lazy("Known to be there, a line each.")
    )
    responses_models = LinesField(
        label=gettext_lazy("Models with Responses API"),
        help_text=gettext_lazy(
            "Asked by OpenAI's Responses API where that is of use, a line each: “gpt-5*”, "
            "or “!gpt-4*” for those that are not. None: all of api.openai.com, none "
            "elsewhere."
        ),
    )
    capabilities = ChoicesField(
        CAPABILITIES,
        label=gettext_lazy("Can take"),
        help_text=gettext_lazy("None: its models take everything."),
    )
    model_facts = FactLinesField(
        label=gettext_lazy("Facts of models"),
        help_text=gettext_lazy(
            "A line each: “gpt-oss-*: context 131072, output 32768, text, tools”. What is "
            "left out comes from the list of models that ships with the service."
        ),
    )
    connect_timeout = NumberField(
        label=gettext_lazy("Connect timeout"), help_text=gettext_lazy("Seconds.")
    )
    first_event_timeout = NumberField(
        label=gettext_lazy("Timeout to first token"),
        help_text=gettext_lazy("Seconds until the answer begins."),
    )
    idle_timeout = NumberField(
        label=gettext_lazy("Idle timeout"),
        help_text=gettext_lazy(
            "Seconds between two tokens. Blank: 30 where the provider sends signs of life, else 60."
        ),
    )
    total_timeout = NumberField(
        label=gettext_lazy("Total timeout"), help_text=gettext_lazy("Seconds; blank: no limit.")
    )
    max_concurrency = NumberField(
        label=gettext_lazy("Max concurrent requests"), help_text=gettext_lazy("Blank: no limit.")
    )
    api_key = SecretField(label=gettext_lazy("API key"))
    clear_api_key = forms.BooleanField(
        label=gettext_lazy("Clear the API key"), required=False, widget=UnfoldBooleanWidget()
    )
    extra_headers = HeadersField(
        label=gettext_lazy("Extra headers"),
        help_text=format_lazy(
            gettext_lazy(
                "“Name: value”, a line each. Values are never shown: {mask} keeps the one "
                "that is there."
            ),
            mask=MASK,
        ),
    )
    rename_in_targets = forms.BooleanField(
        label=gettext_lazy("Rename it in targets too"),
        required=False,
        initial=True,
        widget=UnfoldBooleanWidget(),
        help_text=gettext_lazy("When the name changes: profiles that name the old one follow."),
    )

    class Meta:
        model = Provider
        fields = PLAIN
        widgets = {
            name: UnfoldBooleanSwitchWidget() for name in ("is_local", "enabled", "is_default")
        }

    credentials = True
    """Whether the person may set them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        adding = self.instance._state.adding
        self.existing: str | None = None if adding else self.instance.name
        self.row = Provider() if adding else Provider.objects.get(pk=self.instance.pk)
        if adding:
            # It depends on the kind, which is chosen on the same page.
            self.initial["idle_timeout"] = None
        if not self.credentials:
            for name in ("api_key", "clear_api_key", "extra_headers"):
                del self.fields[name]
        else:
            masked = dict.fromkeys(self.row.header_names(), MASK)
            self.initial["extra_headers"] = masked
            self.fields["api_key"].help_text = _key_help(self.row)

    def document(self) -> dict[str, Any]:
        data = self.cleaned_data
        document = {name: data[name] for name in PLAIN if name in data}
        if data.get("clear_api_key"):
            document["api_key"] = ""
        elif data.get("api_key"):
            document["api_key"] = data["api_key"]
        if "extra_headers" in self.changed_data and "extra_headers" in data:
            document["extra_headers"] = data["extra_headers"]
        return document

    def problems(self) -> Iterable[Problem]:
        document = self.document()
        found = save_problems(document, self.row)
        return found if self.credentials else found + credential_problems(document, self.row)


def _key_help(row: Provider) -> str:
    if row.credential == "unreadable":
        return gettext("No key of the ring opens what is stored: set it anew.")
    if row.has_api_key:
        return gettext("One is set; blank keeps it.")
    of = "; ".join(f"{one.label}: {one.key_help}" for one in kinds.KINDS.values() if one.key_help)
    return gettext("None is set. %(of)s.") % {"of": of}
