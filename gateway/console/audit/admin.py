"""The audit log: who did what, read-only, with a file to take away."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponseBase
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext, gettext_lazy

from gateway.console.theme.admin_classes import ModelAdmin, action, display
from governance.api.views.audit import exported
from governance.models import AuditEntry
from governance.models.audit_entry import VIA
from governance.models.choices import told

TONES = {
    "create": "success",
    "change": "info",
    "delete": "danger",
    "revert": "warning",
    **dict.fromkeys(("reorder", "rotate", "recompute", "override"), "info"),
}
"""Whatever else is done is told in the words it is kept by."""
_VIA = dict(told(VIA.items()))


@admin.register(AuditEntry)
class AuditAdmin(ModelAdmin):
    list_display = ("at", "actor", "action_shown", "thing", "told", "via_shown", "address")
    list_display_links = ("at", "thing")
    list_filter = ("via", "action", "object_type")
    search_fields = ("actor", "object_name", "object_id", "address")
    show_full_result_count = False
    list_before_template = "console/forms/list_note.html"
    actions_list = ("export_audit",)
    fields = (("at", "actor"), ("action", "thing"), ("via", "address"), "changes_shown")
    readonly_fields = ("at", "actor", "action", "thing", "via", "address", "changes_shown")

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
            "empty_title": gettext("Nothing was done yet"),
            "empty_text": gettext(
                "Every change by a page, the API, a command or an import stands here, "
                "with who made it and from where. Entries cannot be changed or deleted."
            ),
            **(extra_context or {}),
        }
        return super().changelist_view(request, context)

    def render_change_form(
        self, request: HttpRequest, context: Any, *rest: Any, **named: Any
    ) -> Any:
        context |= {"show_history": False}
        return super().render_change_form(request, context, *rest, **named)

    @action(gettext_lazy("Export"), url_path="export", permissions=("view",))
    def export_audit(self, request: HttpRequest) -> HttpResponseBase:
        """All of it, as JSON lines."""
        return exported(AuditEntry.objects.all())

    @display(
        gettext_lazy("Action"),
        ordering="action",
        label=TONES,
    )
    def action_shown(self, row: AuditEntry) -> tuple[str, str]:
        return row.action, gettext(row.action)

    @display(gettext_lazy("Via"), ordering="via")
    def via_shown(self, row: AuditEntry) -> str:
        return str(_VIA.get(row.via, row.via))

    @display(gettext_lazy("What"), ordering="object_type")
    def thing(self, row: AuditEntry) -> str:
        return f"{gettext(row.object_type)} “{row.object_name or row.object_id}”"

    @display(gettext_lazy("Changes"))
    def told(self, row: AuditEntry) -> str:
        text = "; ".join(row.changes)
        return text if len(text) <= 160 else f"{text[:159]}…"

    @admin.display(description=gettext_lazy("Changes"))
    def changes_shown(self, row: AuditEntry) -> SafeString | str:
        return format_html_join("", "<p>{}</p>", ((one,) for one in row.changes)) or "—"
