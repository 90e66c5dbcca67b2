"""Heuristic rules, dragged into the order in which they are tried."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext, gettext_lazy, ngettext
from unfold.widgets import UnfoldBooleanSwitchWidget

from gateway.console.forms.document_form import DocumentForm
from gateway.console.forms.fields import ChoiceField, TextField
from gateway.console.forms.service_admin import ServiceAdmin, who
from gateway.console.forms.suggestions import profile_suggestions
from gateway.console.rules.conditions import ConditionsField
from gateway.console.rules.reach import covered
from gateway.console.theme.admin_classes import display
from governance import services
from governance.errors import Refused
from governance.json_values import number
from governance.models import HeuristicRule, RoutingProfile
from governance.routing.fields import Problem
from governance.services.rules import save_problems
from governance.whole_number import whole_number


class RuleForm(DocumentForm):
    name = TextField(
        label=gettext_lazy("Name"),
        help_text=gettext_lazy("Records name it as the reason of a decision."),
    )
    profile = TextField(
        label=gettext_lazy("Routing profile"),
        suggestions="profiles",
        help_text=gettext_lazy(
            "Id, name or virtual provider; the rule is skipped while there is none."
        ),
    )
    match = ChoiceField(
        [
            ("all", gettext_lazy("All conditions hold")),
            ("any", gettext_lazy("Any condition holds")),
        ],
        label=gettext_lazy("When"),
    )
    conditions = ConditionsField(
        label=gettext_lazy("Conditions"),
        help_text=gettext_lazy(
            "Without any the rule always holds. Keywords are separated by commas and "
            "stand for whole words."
        ),
    )

    class Meta:
        model = HeuristicRule
        fields = ("name", "profile", "match", "conditions", "enabled")
        widgets = {"enabled": UnfoldBooleanSwitchWidget()}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.existing: int | None = self.instance.pk

    def problems(self) -> Iterable[Problem]:
        return save_problems(self.document(), self.instance)


@admin.register(HeuristicRule)
class RuleAdmin(ServiceAdmin):
    audited_as = "heuristic rule"
    form = RuleForm
    fields = (("name", "enabled"), "profile", "match", "conditions")
    list_display = ("name", "place", "condition_list", "profile", "state")
    list_per_page = 30
    sortable_by = ()
    search_fields = ("name", "profile")
    actions = ("try_first", "try_last")
    ordering_field = "position"
    hide_ordering_field = True
    empty_title = gettext_lazy("There is no heuristic rule yet")
    empty_text = gettext_lazy(
        "Rules decide where a request goes whose model is “auto” or missing, by its "
        "length, tools, images or words. The first that holds wins."
    )
    change_form_after_template = "console/forms/profile_suggestions.html"

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {"suggested_profiles": profile_suggestions()}

    def write(self, request: HttpRequest, form: Any, change: bool) -> Iterable[Problem]:
        document, expected = self.resolved(request, form, form.document())
        saved = services.save_rule(
            document, who=who(request), existing=form.existing, expected=expected
        )
        form.instance.pk = saved.document["id"]
        return saved.warnings

    def remove(self, request: HttpRequest, row: HeuristicRule) -> None:
        services.delete_rule(row.pk, who=who(request))

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if request.method == "POST" and "_save" in request.POST:
            if self.has_change_permission(request):
                self._reorder(request)
            return HttpResponseRedirect(request.get_full_path())
        return super().changelist_view(request, extra_context)

    def _reorder(self, request: HttpRequest) -> None:
        """Puts the rows that the list showed in the order it sent, in the places that these rows
        have; all others keep theirs."""
        sent: dict[str, float] = {}
        for name, value in request.POST.items():
            if name.startswith("form-") and name.endswith("-position"):
                identity = request.POST.get(name.replace("-position", "-id"), "")
                position = whole_number(value)
                if position is not None:
                    sent[str(identity)] = position
        rows = list(HeuristicRule.objects.all())
        places = [place for place, row in enumerate(rows) if str(row.pk) in sent]
        shown = sorted((rows[place] for place in places), key=lambda row: sent[str(row.pk)])
        for place, row in zip(places, shown, strict=True):
            rows[place] = row
        self._put_in_order(request, rows)

    @admin.action(description=gettext_lazy("Try first"), permissions=["change"])
    def try_first(self, request: HttpRequest, chosen: Any) -> None:
        self._move(request, chosen, to_the_top=True)

    @admin.action(description=gettext_lazy("Try last"), permissions=["change"])
    def try_last(self, request: HttpRequest, chosen: Any) -> None:
        self._move(request, chosen, to_the_top=False)

    def _move(self, request: HttpRequest, chosen: Any, *, to_the_top: bool) -> None:
        """The chosen ones keep their order among themselves; for what no page shows together."""
        moved = set(chosen.values_list("pk", flat=True))
        rows = list(HeuristicRule.objects.all())
        rows.sort(key=lambda row: (row.pk in moved) != to_the_top)
        self._put_in_order(request, rows)

    def _put_in_order(self, request: HttpRequest, rows: list[HeuristicRule]) -> None:
        try:
            services.reorder_rules([row.pk for row in rows], who=who(request))
        except Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, gettext("The rules are tried in this order now."))

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Tells every row whether the profile it names is there; one query for all of them."""
        listing = super().get_changelist_instance(request)
        known = _handles()
        hidden = covered(HeuristicRule.objects.all(), known)
        for row in listing.result_list:
            row.awake = row.profile.casefold() in known
            row.covered = hidden.get(row.pk, "")
        return listing

    def warnings(self, request: HttpRequest) -> list[str]:
        """Rules that nothing comes to are said aloud, whatever made them so."""
        rules = HeuristicRule.objects.all()
        hidden = covered(rules, _handles())
        names = [rule.name for rule in rules if rule.enabled and rule.pk in hidden]
        if not names:
            return []
        text = ngettext(
            "The rule %(names)s is never tried: “%(above)s” above it holds for every request. "
            "Drag “%(above)s” below it, or give it conditions.",
            "The rules %(names)s are never tried: “%(above)s” above them holds for every request. "
            "Drag “%(above)s” below them, or give it conditions.",
            len(names),
        )
        quoted = ", ".join(f"“{name}”" for name in names)
        return [text % {"names": quoted, "above": next(iter(hidden.values()))}]

    @display(gettext_lazy("Place"))
    def place(self, row: HeuristicRule) -> int:
        return row.position + 1

    @display(gettext_lazy("Conditions"))
    def condition_list(self, row: HeuristicRule) -> str:
        words = [
            f"{one['feature']} {one['operator']} {_value(one['value'])}" for one in row.conditions
        ]
        joint = gettext("and") if row.match == "all" else gettext("or")
        return f" {joint} ".join(words) or gettext("always")

    @display(
        gettext_lazy("State"),
        label={
            "active": "success",
            "disabled": "default",
            "sleeps": "warning",
            "covered": "warning",
        },
    )
    def state(self, row: Any) -> tuple[str, str]:
        if not row.enabled:
            return "disabled", gettext("disabled")
        if row.covered:
            return "covered", gettext("never tried")
        if row.awake:
            return "active", gettext("active")
        return "sleeps", gettext("sleeps: no such profile")


def _handles() -> set[str]:
    """What rules may call the profiles that are there and on."""
    rows = RoutingProfile.objects.filter(enabled=True)
    handles = rows.values_list("id", "name", "virtual_provider")
    return {handle.casefold() for row in handles for handle in row}


def _value(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, bool):
        return str(value).lower()
    return str(number(value))
