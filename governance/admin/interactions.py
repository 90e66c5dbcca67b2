"""The pages of the interaction log. Nothing on them can be changed."""

from __future__ import annotations

import json
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.template.defaultfilters import floatformat
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.admin import ModelAdmin
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.paginator import InfinitePaginator

from governance.admin.interaction_filters import (
    Between,
    OfKey,
    OfModel,
    OfProfile,
    OfProvider,
    Period,
    search,
)
from governance.interactions.keyset import Rows
from governance.interactions.record import OUTCOMES
from governance.models import Interaction

OUTCOME_LABELS = {
    "ok": "success",
    "cancelled": "info",
    "refused": "warning",
    "callers_fault": "warning",
    **dict.fromkeys(("retryable", "misconfigured", "too_long", "unfit", "error"), "danger"),
}
HEAVY = ("decision", "attempts", "features", "dropped_fields")
"""Columns that only the detail page shows."""


@admin.register(Interaction)
class InteractionAdmin(ModelAdmin):  # type: ignore[misc]  # unfold is untyped
    """The latest first. No page counts the table, and none sorts it."""

    paginator = InfinitePaginator
    show_full_result_count = False
    list_per_page = 50
    sortable_by = ()
    list_filter_submit = True
    list_filter = (
        Period,
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
        "time",
        "shown_outcome",
        "shown_profile",
        "requested_model",
        "shown_answer",
        "shown_fallback",
        "shown_first_token",
        "shown_duration",
        "shown_tokens",
        "key_name",
    )
    fieldsets = (
        (None, {"fields": ("request_id", "time", "shown_outcome", "error_code", "status")}),
        (
            "Request",
            {
                "fields": (
                    "key_name",
                    "protocol",
                    "request_type",
                    "requested_model",
                    "stream",
                    "messages",
                    "tools",
                    "shown_features",
                )
            },
        ),
        ("Decision", {"fields": ("shown_profile", "reason", "shown_decision")}),
        (
            "Way",
            {
                "fields": (
                    "shown_attempts",
                    "shown_answer",
                    "answered_model",
                    "shown_fallback",
                    "shown_first_token",
                    "shown_duration",
                    "finish_reason",
                    "dropped_fields",
                )
            },
        ),
        (
            "Usage",
            {
                "fields": (
                    "prompt_tokens",
                    "completion_tokens",
                    "cached_tokens",
                    "cache_written_tokens",
                    "reasoning_tokens",
                    "shown_cost",
                )
            },
        ),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Interaction | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Interaction | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Interaction | None = None) -> Any:
        return [name for _, group in self.fieldsets for name in group["fields"]]

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
        return row.outcome, OUTCOMES.get(row.outcome, row.outcome)

    @admin.display(description="Profile")
    def shown_profile(self, row: Interaction) -> str:
        return row.profile_name or "—"

    @admin.display(description="Answered by")
    def shown_answer(self, row: Interaction) -> str:
        return f"{row.provider}/{row.model}" if row.provider else "—"

    @display(description="Fallback", label={"target": "warning", "local": "info"})  # type: ignore[untyped-decorator]
    def shown_fallback(self, row: Interaction) -> tuple[str, str] | str:
        return (row.fallback, row.get_fallback_display()) if row.fallback != "none" else ""

    @admin.display(description="First token")
    def shown_first_token(self, row: Interaction) -> str:
        return _time(row.first_token_ms)

    @admin.display(description="Duration")
    def shown_duration(self, row: Interaction) -> str:
        return _time(row.duration_ms)

    @admin.display(description="Tokens")
    def shown_tokens(self, row: Interaction) -> str:
        if row.prompt_tokens is None:
            return "—"
        return f"{row.prompt_tokens:,} + {row.completion_tokens:,}"

    @admin.display(description="Estimated cost")
    def shown_cost(self, row: Interaction) -> str:
        return "unknown" if row.cost_usd is None else f"${row.cost_usd:,.6f}"

    @admin.display(description="Features")
    def shown_features(self, row: Interaction) -> SafeString:
        return _json(row.features)

    @admin.display(description="What was considered")
    def shown_decision(self, row: Interaction) -> SafeString:
        return _json(row.decision)

    @admin.display(description="Attempts")
    def shown_attempts(self, row: Interaction) -> SafeString | str:
        if not row.attempts:
            return "None"
        return format_html_join(
            "",
            "<div>{}. {}/{}: <b>{}</b> after {}{}</div>",
            (
                (
                    number,
                    one["provider"],
                    one["model"],
                    one["code"],
                    _time(one["milliseconds"]),
                    ", local fallback" if one["local_fallback"] else "",
                )
                for number, one in enumerate(row.attempts, 1)
            ),
        )


def _time(milliseconds: float | None) -> str:
    if milliseconds is None:
        return "—"
    if milliseconds < 1000:
        return f"{floatformat(milliseconds, 0)} ms"
    return f"{floatformat(milliseconds / 1000, 2)} s"


def _json(value: Any) -> SafeString:
    text = json.dumps(value, indent=2, ensure_ascii=False)
    return format_html('<pre class="whitespace-pre-wrap">{}</pre>', text)
