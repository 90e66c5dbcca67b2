"""Who may make keys of their own in which group, and what such keys may."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldBooleanSwitchWidget

from gateway.console.forms.document_form import DocumentForm
from gateway.console.forms.fields import LinesField, NumberField
from gateway.console.forms.plain_row_admin import PlainRowAdmin
from gateway.console.forms.profiles_field import ProfilesField
from gateway.console.theme.admin_classes import display
from governance.models import KeyAllowance
from governance.routing.fields import Problem
from governance.services import KEY_ALLOWANCES
from governance.services.own_keys import allowance_problems


class KeyAllowanceForm(DocumentForm):
    members = LinesField(
        label=gettext_lazy("Users"), rows=4, help_text=gettext_lazy("A user name a line.")
    )
    profiles = ProfilesField(
        label=gettext_lazy("Routing profiles"),
        help_text=gettext_lazy("The only ones their keys may use. None: everywhere."),
    )
    days = NumberField(
        label=gettext_lazy("Good for, days"),
        initial=90,
        help_text=gettext_lazy("At most, and if the maker of a key says nothing."),
    )
    most_keys = NumberField(
        label=gettext_lazy("Keys at a time"),
        initial=5,
        help_text=gettext_lazy("How many each user may have."),
    )

    class Meta:
        model = KeyAllowance
        fields = ("group", "members", "profiles", "days", "most_keys", "enabled")
        widgets = {"enabled": UnfoldBooleanSwitchWidget()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.existing: int | None = self.instance.pk

    def document(self) -> dict[str, Any]:
        typed = dict(self.cleaned_data)
        group = typed.get("group")
        typed["group"] = group.pk if group else ""
        return typed

    def problems(self) -> Iterable[Problem]:
        return allowance_problems(self.document(), self.instance)


@admin.register(KeyAllowance)
class KeyAllowanceAdmin(PlainRowAdmin):
    audited_as = KEY_ALLOWANCES.kind
    rows = KEY_ALLOWANCES
    form = KeyAllowanceForm
    fields = (("group", "enabled"), "members", "profiles", ("days", "most_keys"))
    list_display = ("group", "member_count", "days", "most_keys", "state_shown")
    list_select_related = ("group",)
    autocomplete_fields = ("group",)
    search_fields = ("group__name",)
    empty_title = gettext_lazy("Nobody makes keys of their own yet")
    empty_text = gettext_lazy(
        "A key allowance lets users make API keys for themselves on the page “My keys”. Their keys "
        "belong to a group, whose limits bind them, and expire."
    )

    @display(gettext_lazy("Users"))
    def member_count(self, row: KeyAllowance) -> int:
        return len(row.members)

    @display(gettext_lazy("State"), label={"on": "success", "off": "default"})
    def state_shown(self, row: KeyAllowance) -> tuple[str, str]:
        return ("on", _("on")) if row.enabled else ("off", _("off"))
