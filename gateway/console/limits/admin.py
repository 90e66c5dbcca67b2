"""The pages of groups, limits and prices."""

from __future__ import annotations

from typing import Any, Final

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from gateway.console.forms.plain_row_admin import PlainRowAdmin
from gateway.console.limits.bars import bar_of, drawn
from gateway.console.limits.forms import GroupForm, LimitForm, PriceForm, owner_words
from gateway.console.limits.recompute import recompute_page
from gateway.console.theme.admin_classes import action, display
from governance.json_values import plain
from governance.load_limits import limit_of
from governance.models import Group, Limit, ModelPrice
from governance.services import GROUPS, LIMITS, PRICES

SEE_PAST: Final = "governance.view_interaction"


@admin.register(Group)
class KeyGroupAdmin(PlainRowAdmin):
    audited_as = GROUPS.kind
    rows = GROUPS
    form = GroupForm
    fields = (("name", "parent"),)
    list_display = ("name", "parent", "key_count")
    list_select_related = ("parent",)
    search_fields = ("id", "name")
    empty_title = gettext_lazy("There is no group yet")
    empty_text = gettext_lazy(
        "Customers and their teams are groups: API keys belong to them, and a limit "
        "of a group counts what all its keys use, those of the groups below it too."
    )

    @display(gettext_lazy("API keys"))
    def key_count(self, row: Group) -> int:
        return row.keys.count()


@admin.register(Limit)
class LimitAdmin(PlainRowAdmin):
    audited_as = LIMITS.kind
    rows = LIMITS
    form = LimitForm
    fieldsets = (
        (None, {"fields": (("name", "enabled"), ("subject", "each"))}),
        (
            gettext_lazy("How much"),
            {"fields": (("measure", "amount", "window"), ("enforcement", "warn_at"))},
        ),
        (gettext_lazy("Where"), {"fields": (("provider", "model"),)}),
        (
            gettext_lazy("Finer points"),
            {
                "classes": ("collapse",),
                "fields": (
                    ("time_zone", "day", "hour"),
                    ("mode", "rate", "strict"),
                    ("input", "output", "cached", "reasoning"),
                ),
            },
        ),
    )
    list_display = ("name", "whose", "bar", "state_shown", "enforcement_shown")
    list_filter = ("subject_type", "measure", "window", "enforcement", "enabled")
    search_fields = ("name", "subject_id")
    empty_title = gettext_lazy("There is no limit yet")
    empty_text = gettext_lazy(
        "A limit says how much a key, a group, a profile or everybody may use: $100 a "
        "month, two requests at a time, a million tokens a day."
    )

    change_form_after_template = "console/limits/replay_panel.html"

    class Media:
        css = {"all": ("console/limits/limits.css",)}

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {"may_replay": request.user.has_perm(SEE_PAST)}

    @display(gettext_lazy("Of"))
    def whose(self, row: Limit) -> str:
        owner = owner_words(row)
        if not row.each:
            return owner
        return gettext("%(owner)s, for %(each)s") % {
            "owner": owner,
            "each": row.get_each_display().lower(),
        }

    @display(gettext_lazy("Used"))
    def bar(self, row: Limit) -> SafeString:
        return drawn(bar_of(limit_of(row)))

    @display(gettext_lazy("State"), label={"on": "success", "off": "default"})
    def state_shown(self, row: Limit) -> tuple[str, str]:
        return ("on", gettext("on")) if row.enabled else ("off", gettext("off"))

    @display(
        gettext_lazy("Beyond it"), label={"refuse": "danger", "divert": "warning", "warn": "info"}
    )
    def enforcement_shown(self, row: Limit) -> tuple[str, str]:
        return row.enforcement, row.get_enforcement_display()


@admin.register(ModelPrice)
class PriceAdmin(PlainRowAdmin):
    audited_as = PRICES.kind
    rows = PRICES
    form = PriceForm
    fields = (
        ("provider", "model"),
        "valid_from",
        ("input", "output"),
        ("cached_read", "cached_write"),
        ("reasoning", "request"),
    )
    actions_list = ("recompute",)
    list_display = ("model", "provider_shown", "input_shown", "output_shown", "valid_from")
    search_fields = ("provider", "model")
    empty_title = gettext_lazy("No price has been set")
    empty_text = gettext_lazy(
        "The public price list counts until you set a price of your own: for a model "
        "it does not know, a discount you have, or a machine of yours. It holds from "
        "its date on; “Work out again” prices anew what was used since."
    )

    @action(gettext_lazy("Work out again"), url_path="recompute", permissions=("change",))
    def recompute(self, request: HttpRequest) -> HttpResponse:
        return recompute_page(request, self.opts)

    @display(gettext_lazy("Provider"), ordering="provider")
    def provider_shown(self, row: ModelPrice) -> str:
        return row.provider or gettext("every one")

    @display(gettext_lazy("Prompt, a million tokens"), ordering="input")
    def input_shown(self, row: ModelPrice) -> str:
        return f"${plain(row.input)}"

    @display(gettext_lazy("Answer, a million tokens"), ordering="output")
    def output_shown(self, row: ModelPrice) -> str:
        return f"${plain(row.output)}"
