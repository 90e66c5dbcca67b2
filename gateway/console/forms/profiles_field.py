"""Any number of routing profiles, chosen by a field that searches while somebody types."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelectMultiple

from governance.models import ApiKey, RoutingProfile


class ProfilesWidget(AutocompleteSelectMultiple):
    """The page holds those that are chosen, and none of the others, however many there are."""

    def __init__(self) -> None:
        super().__init__(ApiKey._meta.get_field("routing_profile"), admin.site)

    def build_attrs(
        self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        # A cross that clears all would be a child of the list that is none of its items.
        return {**super().build_attrs(base_attrs, extra_attrs), "data-allow-clear": "false"}

    def optgroups(
        self, name: str, value: Sequence[str], attrs: dict[str, Any] | None = None
    ) -> Any:
        names = dict(RoutingProfile.objects.filter(pk__in=value).values_list("pk", "name"))
        chosen = [
            self.create_option(name, one, names.get(one, one), True, place)
            for place, one in enumerate(value)
        ]
        return [(None, chosen, 0)]


class ProfilesField(forms.MultipleChoiceField):
    """Ids of routing profiles; which of them may stand there is judged by the rules."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, widget=ProfilesWidget(), **kwargs)

    def valid_value(self, value: Any) -> bool:
        return True
