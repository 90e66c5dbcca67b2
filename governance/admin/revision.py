"""Revisions: what was changed, by whom, and the way back."""

from __future__ import annotations

import difflib
import json
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html, format_html_join

from governance import services
from governance.admin.base import who
from governance.admin.theme import ModelAdmin, display
from governance.errors import Refused
from governance.models import Revision


@admin.register(Revision)
class RevisionAdmin(ModelAdmin):
    list_display = ("version", "when", "who", "action", "summary_shown")
    list_display_links = ("version", "summary_shown")
    list_filter = ("action",)
    search_fields = ("who", "summary")
    list_per_page = 50
    list_before_template = "admin/governance/list_note.html"
    show_full_result_count = False
    fields = (("version", "when"), ("who", "action"), "summary", "difference")
    readonly_fields = ("version", "when", "who", "action", "summary", "difference")
    change_form_before_template = "admin/governance/revert_link.html"

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
            "empty_title": "Nothing was changed yet",
            "empty_text": "Every save, import and revert is kept here, and can be taken back.",
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def get_urls(self) -> list[URLPattern]:
        revert = self.admin_site.admin_view(self.revert_view)
        own = [path("<int:version>/revert/", revert, name="governance_revision_revert")]
        return own + super().get_urls()

    def revert_view(self, request: HttpRequest, version: int) -> HttpResponse:
        """Shows what going back would change; does it when that is confirmed."""
        if not request.user.has_perm("governance.change_revision"):
            raise PermissionDenied
        listing = reverse("admin:governance_revision_changelist")
        confirmed = request.method == "POST"
        try:
            plan = services.revert(version, who=who(request), dry_run=not confirmed)
        except Refused as refused:
            messages.error(request, f"Nothing was changed. {refused}")
            return HttpResponseRedirect(listing)
        if confirmed:
            for warning in plan.warnings:
                messages.warning(request, warning.message)
            messages.success(request, f"The configuration is as revision {version} left it.")
            return HttpResponseRedirect(listing)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Go back to revision {version}",
            "opts": self.opts,
            "plan": plan,
            "version": version,
        }
        return TemplateResponse(request, "admin/governance/revert.html", context)

    @display("What changed")
    def summary_shown(self, row: Revision) -> str:
        return row.summary if len(row.summary) <= 200 else f"{row.summary[:199]}…"

    @admin.display(description="Difference")
    def difference(self, row: Revision) -> str:
        return format_html_join("\n", "<h3>{} “{}”</h3>{}", map(_entry, row.changes))


def _entry(entry: dict[str, Any]) -> tuple[str, str, str]:
    kind = entry["kind"][:1].upper() + entry["kind"][1:]
    return kind, entry["name"], unified(entry["before"], entry["after"])


def unified(before: Any, after: Any) -> str:
    """What became of a document, line by line; None where there was none."""
    lines = list(difflib.unified_diff(_lines(before), _lines(after), n=3, lineterm=""))[2:]
    tones = {"+": "text-green-700 dark:text-green-400", "-": "text-red-700 dark:text-red-400"}
    told = format_html_join(
        "\n", '<span class="{}">{}</span>', ((tones.get(line[:1], ""), line) for line in lines)
    )
    return format_html('<pre class="overflow-x-auto text-xs">{}</pre>', told)


def _lines(document: Any) -> list[str]:
    if document is None:
        return []
    return json.dumps(document, indent=2, ensure_ascii=False).splitlines()
