"""The pages of the interaction log. Nothing on them can be changed."""

from __future__ import annotations

from typing import Any

import msgspec
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.dateformat import format as date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from gateway.console.interactions.filters import (
    Between,
    OfKey,
    OfModel,
    OfPeriod,
    OfProfile,
    OfProvider,
    search,
)
from gateway.console.interactions.listing import InteractionList
from gateway.console.interactions.shadow import comparison_of
from gateway.console.interactions.timeline import timeline_of
from governance.change_summary.times import readable_time
from governance.interactions.keyset import Rows
from governance.interactions.record import OUTCOMES
from governance.interactions.rows import record_of
from governance.models import Interaction
from governance.routing.shadows import REASON as SHADOW

LOCALLY = "ok_locally"
"""Stands for an answer of local inference in place of what was asked for."""
OUTCOME_LABELS = {
    "ok": "success",
    LOCALLY: "warning",
    "cancelled": "info",
    "refused": "warning",
    "callers_fault": "warning",
    **dict.fromkeys(("retryable", "misconfigured", "too_long", "unfit", "error"), "danger"),
}
FALLEN = {"target": "next target", "local": "local"}
"""Who took over, as short as a column of the list wants it."""
HEAVY = ("decision", "attempts", "features", "dropped_fields")
"""Columns that only the detail page shows."""


@admin.register(Interaction)
class InteractionAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """The latest first, page by page along the key. None counts or sorts the whole table."""

    show_facets = admin.ShowFacets.NEVER
    list_before_template = "console/forms/list_note.html"
    list_per_page = 50
    sortable_by = ()
    list_filter_submit = True
    list_filter = (
        OfPeriod,
        ("time", Between),
        OfProfile,
        OfProvider,
        OfKey,
        ("outcome", ChoicesDropdownFilter),
        ("fallback", ChoicesDropdownFilter),
        OfModel,
    )
    search_fields = ("errors",)
    search_help_text = "A request id, or words of an error: http_503, openai:connect_failed"
    list_display = (
        "shown_time",
        "shown_outcome",
        "shown_profile",
        "shown_asked",
        "shown_answer",
        "shown_fallback",
        "shown_times",
        "shown_tokens",
        "shown_key",
    )
    fieldsets = (("The whole record", {"classes": ("collapse",), "fields": ("whole",)}),)
    readonly_fields = ("whole",)
    change_form_outer_before_template = "console/interactions/timeline.html"

    def get_changelist(self, request: HttpRequest, **named: Any) -> type[InteractionList]:
        return InteractionList

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {
            "empty_title": "Nothing was asked yet",
            "empty_text": "Every request is kept here when it ends, with the way it went. "
            "Send one in the playground.",
            **(extra_context or {}),
        }
        answer: HttpResponse = super().changelist_view(request, context)
        return answer

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Interaction | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Interaction | None = None) -> bool:
        return False

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *arguments: Any, **named: Any
    ) -> HttpResponse:
        """With the request's time line drawn above the record."""
        record = record_of(context["original"])
        context |= {"record": record, "timeline": timeline_of(record), "show_history": False}
        context["comparison"] = comparison_of(context["original"], record)
        answer: HttpResponse = super().render_change_form(request, context, *arguments, **named)
        return answer

    def get_queryset(self, request: HttpRequest) -> Rows:
        rows: Rows = super().get_queryset(request)
        match = request.resolver_match
        if match is not None and (match.url_name or "").endswith("_changelist"):
            return rows.defer(*HEAVY)
        return rows

    def get_search_results(
        self, request: HttpRequest, queryset: Rows, search_term: str
    ) -> tuple[Rows, bool]:
        words = search_term.strip()
        return (search(queryset, words) if words else queryset), False

    @display(description="Outcome", label=OUTCOME_LABELS)  # type: ignore[untyped-decorator]
    def shown_outcome(self, row: Interaction) -> tuple[str, str]:
        if (row.outcome, row.fallback) == ("ok", "local"):
            return LOCALLY, "Answered locally"
        return row.outcome, OUTCOMES.get(row.outcome, row.outcome)

    @admin.display(description="Time")
    def shown_time(self, row: Interaction) -> SafeString:
        words = date_format(row.time, "j M, H:i:s")
        moment = row.time.isoformat(timespec="milliseconds")
        pattern = '<time class="whitespace-nowrap" datetime="{}" title="{}">{}</time>'
        return format_html(pattern, moment, moment, words)

    @admin.display(description="Key")
    def shown_key(self, row: Interaction) -> str:
        return row.key_name or "—"

    @admin.display(description="Asked for")
    def shown_asked(self, row: Interaction) -> str:
        return row.requested_model or "—"

    @admin.display(description="Profile")
    def shown_profile(self, row: Interaction) -> str:
        if row.reason == SHADOW:
            return gettext("%(profile)s (shadow)") % {"profile": row.profile_name}
        return row.profile_name or "—"

    @admin.display(description="Went to")
    def shown_answer(self, row: Interaction) -> str:
        return f"{row.provider}/{row.model}" if row.provider else "—"

    @display(description="Fallback", label={"target": "warning", "local": "info"})  # type: ignore[untyped-decorator]
    def shown_fallback(self, row: Interaction) -> tuple[str, str] | str:
        return (row.fallback, FALLEN[row.fallback]) if row.fallback in FALLEN else ""

    @admin.display(description="First token / all")
    def shown_times(self, row: Interaction) -> SafeString:
        return unbroken(f"{readable_time(row.first_token_ms)} / {readable_time(row.duration_ms)}")

    @admin.display(description="Tokens")
    def shown_tokens(self, row: Interaction) -> SafeString | str:
        if row.prompt_tokens is None:
            return "—"
        return unbroken(f"{row.prompt_tokens:,} + {row.completion_tokens:,}")

    @admin.display(description="As JSON")
    def whole(self, row: Interaction) -> SafeString:
        text = msgspec.json.format(msgspec.json.encode(record_of(row)), indent=2).decode()
        return format_html('<pre class="whitespace-pre-wrap">{}</pre>', text)


def unbroken(words: str) -> SafeString:
    """On one line of its column."""
    return format_html('<span class="whitespace-nowrap">{}</span>', words)
