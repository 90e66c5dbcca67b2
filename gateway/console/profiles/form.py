"""The form of a routing profile, without its targets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

from django.utils.functional import lazy
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldBooleanSwitchWidget

from gateway.console.forms.document_form import DocumentForm
from gateway.console.forms.fields import ChoiceField, NumberField, ProseField, TextField
from gateway.console.picker.widgets import PickerWidget
from governance import strategies
from governance.models import ApiKey, RoutingProfile
from governance.models.choices import told
from governance.models.routing_profile import CACHE_SCOPES
from governance.routing import fallback_modes
from governance.routing.fields import Problem
from governance.serializers import ProfileSerializer
from governance.serializers.profiles import PART_COLUMNS, PARTS
from governance.services.profiles import profile_problems, with_id


class ProfileForm(DocumentForm):
    id = TextField(
        label=gettext_lazy("Id"),
        help_text=gettext_lazy(
            "How the API names the profile. Made when left blank; it never changes."
        ),
    )
    name = TextField(label=gettext_lazy("Name"))
    description = ProseField(label=gettext_lazy("Description"))
    virtual_provider = TextField(
        label=_("Prefix"),
        help_text=gettext_lazy("What callers write before the slash: “light” in “light/large”."),
    )
    virtual_key_id = TextField(
        label=_("Restrict to key"),
        widget=PickerWidget("keys", empty=_("Every key")),
        help_text=_("The only API key that may use this profile. Blank: every key."),
    )
    strategy = ChoiceField(
        strategies.choices,
        label=gettext_lazy("Strategy"),
        help_text=lazy(strategies.help_text, str)(),
    )
    local_fallback = ChoiceField(
        told(fallback_modes.CHOICES),
        label=_("If all targets fail"),
        help_text=_("What callers get when no target answers; a key may be stricter."),
    )
    retries = NumberField(
        label=gettext_lazy("Retries"),
        help_text=gettext_lazy(
            "How often a try that failed in passing is made again on the same target, 0 "
            "to 3: a lost connection or a 500, 502 or 504 once, a 429 that asks for at "
            "most 5 seconds as often as this says. Blank: once, and only on the last "
            "target."
        ),
    )
    hedge_after = NumberField(
        label=gettext_lazy("Hedge after"),
        help_text=gettext_lazy(
            "Seconds without a first token after which the next target is asked too; the "
            "first to answer wins, both are paid for. At most one request in twenty gets "
            "a second target. Blank: 10 seconds, and only for streams. 0: never."
        ),
    )
    return_after = NumberField(
        label=gettext_lazy("Return after"),
        help_text=gettext_lazy(
            "Seconds for which the first target has been healthy when conversations that "
            "another one took over go back to it."
        ),
    )
    spill_after = NumberField(
        label=_("Spill after"),
        help_text=_(
            "Seconds that a request would wait in the queue of a local target beyond which the "
            "next target goes first. Blank: it waits, however long. 0: as soon as it would wait "
            "at all."
        ),
    )
    on_broken_stream = ChoiceField(
        [
            ("continue", gettext_lazy("Another target continues it")),
            ("error", gettext_lazy("It ends in an error")),
        ],
        label=gettext_lazy("When a stream breaks"),
        help_text=gettext_lazy(
            "Only plain text is continued, up to 256 KiB: no tool calls, no JSON. The "
            "next target goes on with what was sent, or says it again word for word; if "
            "it says something else, the stream ends in an error."
        ),
    )

    cache_ttl = NumberField(
        label=_("Cache answers for"),
        help_text=_(
            "Seconds for which an answer is given again to the very same request, at no cost. "
            "Blank: never."
        ),
    )
    cache_scope = ChoiceField(
        list(CACHE_SCOPES.items()),
        label=_("Cached answers are for"),
        help_text=_(
            "Shared: a caller is given what was answered to somebody else, if both ask the very "
            "same."
        ),
    )
    shadow_target = TextField(
        label=_("Shadow"),
        help_text=_(
            "Provider and model, as “openai/gpt-5”, that are asked the same. Nobody waits for the "
            "answer, which is thrown away, but recorded and paid for. Blank: none."
        ),
    )
    shadow_percent = NumberField(
        label=_("Share for the shadow"),
        help_text=_("Percent of answered requests of which it gets a copy."),
    )

    class Meta:
        model = RoutingProfile
        fields = (
            "id",
            "name",
            "description",
            "virtual_provider",
            "virtual_key_id",
            "enabled",
            "strategy",
            "local_fallback",
            "local_only",
            "retries",
            "hedge_after",
            "sticky_sessions",
            "return_after",
            "on_broken_stream",
            "spill_after",
            *PART_COLUMNS,
        )
        widgets = {
            "enabled": UnfoldBooleanSwitchWidget(),
            "local_only": UnfoldBooleanSwitchWidget(),
            "sticky_sessions": UnfoldBooleanSwitchWidget(),
            "cache_tools": UnfoldBooleanSwitchWidget(),
            "cache_cadence": UnfoldBooleanSwitchWidget(),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.existing: str | None = None if self.instance._state.adding else self.instance.pk
        if "id" in self.fields:
            self.initial["id"] = ""
        if "virtual_key_id" in self.fields:
            widget = self.fields["virtual_key_id"].widget
            assert isinstance(widget, PickerWidget)
            widget.label = _key_label(self.instance.virtual_key_id)

    def document(self) -> dict[str, Any]:
        """The profile without its targets, which `TargetFormSet` adds."""
        document = {**ProfileSerializer.document(self.instance), **self.cleaned_data}
        for name, part in PARTS.items():
            typed = {one: document.pop(column, None) for one, column in part.columns.items()}
            there = any(typed[one] not in (None, "") for one in part.needed)
            document[name] = typed if there else None
        document["id"] = self.existing or self.cleaned_data.get("id") or None
        return document

    def problems(self) -> Iterable[Problem]:
        found = profile_problems(with_id(self.document(), self.existing), self.existing)
        return [
            replace(one, path=_FIELDS.get(one.path, one.path))
            for one in found
            if not one.path.startswith("targets")
        ]


_FIELDS: Final = {
    f"{name}.{one}": column for name, part in PARTS.items() for one, column in part.columns.items()
}
"""The form's fields by their places in the document, where these are other ones."""


def _key_label(identity: str) -> str:
    """The key's name as the page shows it."""
    if not identity:
        return ""
    row = ApiKey.objects.filter(pk=identity).first()
    return f"{row.name} ({row.prefix}…)" if row else _lost(identity)


def _lost(identity: str) -> str:
    return gettext("%(id)s (there is no such key)") % {"id": identity}
