"""The form of a routing profile, without its targets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from unfold.widgets import UnfoldBooleanSwitchWidget

from gateway.console.forms.document_form import DocumentForm
from gateway.console.forms.fields import ChoiceField, ProseField, TextField
from governance import strategies
from governance.models import ApiKey, RoutingProfile
from governance.routing import fallback_modes
from governance.routing.fields import Problem
from governance.serializers import ProfileSerializer
from governance.services.profiles import profile_problems, with_id


class ProfileForm(DocumentForm):
    id = TextField(
        label="Id",
        help_text="How the API names the profile. Made when left blank; it never changes.",
    )
    name = TextField(label="Name")
    description = ProseField(label="Description")
    virtual_provider = TextField(
        label="Virtual provider",
        help_text="What callers write before the slash: “light” in “light/large”.",
    )
    virtual_key_id = ChoiceField(
        [],
        label="Only for key",
        help_text="The only API key that may use this profile.",
    )
    strategy = ChoiceField(
        strategies.choices,
        label="Strategy",
        help_text=strategies.help_text(),
    )
    local_fallback = ChoiceField(
        fallback_modes.CHOICES,
        label="When no target answers",
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
        )
        widgets = {
            "enabled": UnfoldBooleanSwitchWidget(),
            "local_only": UnfoldBooleanSwitchWidget(),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.existing: str | None = None if self.instance._state.adding else self.instance.pk
        if "id" in self.fields:
            self.initial["id"] = ""
        if "virtual_key_id" in self.fields:
            field = self.fields["virtual_key_id"]
            assert isinstance(field, ChoiceField)
            field.choices = _key_choices(self.instance.virtual_key_id)

    def document(self) -> dict[str, Any]:
        """The profile without its targets, which `TargetFormSet` adds."""
        document = {**ProfileSerializer.document(self.instance), **self.cleaned_data}
        document["id"] = self.existing or self.cleaned_data.get("id") or None
        return document

    def problems(self) -> Iterable[Problem]:
        found = profile_problems(with_id(self.document(), self.existing), self.existing)
        return [one for one in found if not one.path.startswith("targets")]


def _key_choices(current: str) -> list[tuple[str, str]]:
    keys = [(key.pk, f"{key.name} ({key.prefix}…)") for key in ApiKey.objects.all()[:500]]
    known = {"", *(identity for identity, _ in keys)}
    lost = [] if current in known else [(current, f"{current} (there is no such key)")]
    return [("", "Every key"), *keys, *lost]
