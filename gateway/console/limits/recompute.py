"""Working out again what requests cost: what would change is shown first, then it is done."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from gateway.console.forms.fields import TextField
from gateway.console.forms.service_admin import who
from gateway.console.theme.page import page
from governance.services import Recomputed, recompute_costs

MONTH = timedelta(days=30)


class RecomputeForm(forms.Form):
    """Which requests."""

    begin = forms.DateField(
        label=gettext_lazy("From"), widget=UnfoldAdminTextInputWidget({"type": "date"})
    )
    end = forms.DateField(
        label=gettext_lazy("To, that day included"),
        required=False,
        widget=UnfoldAdminTextInputWidget({"type": "date"}),
    )
    provider = TextField(label=gettext_lazy("Only this provider"))
    model = TextField(label=gettext_lazy("Only this model"))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        begin, end = data.get("begin"), data.get("end")
        if begin and end and begin > end:
            self.add_error("end", gettext_lazy("It ends before it begins."))
        return data

    def recompute(self, author: str, *, dry_run: bool) -> Recomputed:
        typed = self.cleaned_data
        midnight = datetime.min.time()
        begin = datetime.combine(typed["begin"], midnight, UTC)
        end = datetime.now(UTC)
        if typed.get("end"):
            end = datetime.combine(typed["end"], midnight, UTC) + timedelta(days=1)
        return recompute_costs(
            begin,
            end,
            who=author,
            provider=typed["provider"],
            model=typed["model"],
            dry_run=dry_run,
        )


def recompute_page(request: HttpRequest, opts: Any) -> HttpResponse:
    """The form, what would change, and the button that does it."""
    found: Recomputed | None = None
    if request.method == "POST":
        form = RecomputeForm(request.POST)
        if form.is_valid():
            apply = "apply" in request.POST
            found = form.recompute(who(request), dry_run=not apply)
            if apply:
                messages.success(request, found.words)
                return HttpResponseRedirect(reverse("admin:governance_modelprice_changelist"))
    else:
        form = RecomputeForm(initial={"begin": (datetime.now(UTC) - MONTH).date()})
    title = str(gettext_lazy("Work out again what requests cost"))
    return page(request, "console/limits/recompute.html", title, form=form, found=found, opts=opts)
