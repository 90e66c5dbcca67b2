"""Revisions: what was changed, by whom, and the way back."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext as _

from gateway.console.forms.service_admin import who
from gateway.console.revisions.difference import CompareForm, page_of
from gateway.console.theme.admin_classes import ModelAdmin, display
from governance import services
from governance.errors import Refused
from governance.models import Revision


@admin.register(Revision)
class RevisionAdmin(ModelAdmin):
    list_display = ("version", "when", "who", "action", "summary_shown")
    list_display_links = ("version", "summary_shown")
    list_filter = ("action",)
    search_fields = ("who", "summary")
    list_before_template = "console/forms/list_note.html"
    show_full_result_count = False
    actions = ("compare_two",)
    fields = (("version", "when"), ("who", "action"), "summary")
    readonly_fields = ("version", "when", "who", "action", "summary")
    change_form_before_template = "console/revisions/revert_link.html"
    change_form_after_template = "console/revisions/changes.html"

    def get_queryset(self, request: HttpRequest) -> Any:
        rows = super().get_queryset(request)
        match = request.resolver_match
        listing = match is not None and match.url_name == "governance_revision_changelist"
        return rows.defer("changes") if listing else rows

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> Any:
        context = {
            "empty_title": gettext("Nothing was changed yet"),
            "empty_text": gettext(
                "Every save, import and revert is kept here, and can be taken back."
            ),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *arguments: Any, **named: Any
    ) -> HttpResponse:
        """With its changes, and a way to what changed since. Django's own history knows nothing of
        revisions."""
        latest = Revision.objects.values_list("version", flat=True).first()
        row = context["original"]
        changes = page_of(request, services.differences(row), row.version)
        context |= {"latest": latest, "show_history": False, **changes}
        answer: HttpResponse = super().render_change_form(request, context, *arguments, **named)
        return answer

    def get_urls(self) -> list[URLPattern]:
        revert = self.admin_site.admin_view(self.revert_view)
        compare = self.admin_site.admin_view(self.compare_view)
        own = [
            path("<int:version>/revert/", revert, name="governance_revision_revert"),
            path("compare/", compare, name="governance_revision_compare"),
        ]
        return own + super().get_urls()

    def revert_view(self, request: HttpRequest, version: int) -> HttpResponse:
        """Shows what going back would change; does it when that is confirmed."""
        if not request.user.has_perm("governance.change_revision"):
            raise PermissionDenied
        listing = reverse("admin:governance_revision_changelist")
        confirmed = request.method == "POST"
        one = (request.GET.get("kind", ""), request.GET.get("id", ""))
        frame: dict[str, Any] = {
            "who": who(request),
            "dry_run": not confirmed,
            "credentials": request.user.has_perm("governance.set_credentials"),
        }
        try:
            if all(one):
                plan = services.revert_one(*one, version, **frame)
            else:
                plan = services.revert(version, **frame)
        except Refused as refused:
            messages.error(
                request, gettext("Nothing was changed. %(refused)s") % {"refused": refused}
            )
            return HttpResponseRedirect(listing)
        if confirmed:
            for warning in plan.warnings:
                messages.warning(request, warning.message)
            words = (
                _("It is as revision %(version)s left it.")
                if all(one)
                else _("The configuration is as revision %(version)s left it.")
            )
            messages.success(request, words % {"version": version})
            return HttpResponseRedirect(listing)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Go back to revision %(version)s") % {"version": version},
            "one": all(one),
            "opts": self.opts,
            "plan": plan,
            "version": version,
        }
        return TemplateResponse(request, "console/revisions/revert.html", context)

    @admin.action(description=gettext_lazy("Compare two revisions"), permissions=["view"])
    def compare_two(self, request: HttpRequest, rows: Any) -> HttpResponse | None:
        """From the list, with two of its boxes ticked."""
        versions = sorted(rows.values_list("version", flat=True)[:3])
        if len(versions) != 2:
            messages.warning(request, gettext("Tick two revisions to compare them."))
            return None
        query = urlencode({"from": versions[0], "to": versions[1]})
        return HttpResponseRedirect(f"{reverse('admin:governance_revision_compare')}?{query}")

    def compare_view(self, request: HttpRequest) -> HttpResponse:
        """What is another at one revision than at the other."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        latest = Revision.objects.values_list("version", flat=True).first()
        form = CompareForm(request.GET if request.GET else {"from": latest, "to": latest})
        found = None
        if form.is_valid():
            try:
                found = services.compare(form.cleaned_data["from"], form.cleaned_data["to"])
            except Refused as refused:
                form.add_error(None, str(refused))
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Compare revisions"),
            "opts": self.opts,
            "form": form,
            "compared": found is not None,
            **page_of(request, found or ()),
        }
        return TemplateResponse(request, "console/revisions/compare.html", context)

    @display(gettext_lazy("What changed"))
    def summary_shown(self, row: Revision) -> str:
        return row.summary if len(row.summary) <= 200 else f"{row.summary[:199]}…"
