"""The pages of the interaction log. Nothing on them can be changed."""

from __future__ import annotations

from typing import Any

import msgspec
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gateway.console.interactions.columns import COLUMNS, chosen, remember
from gateway.console.interactions.facets import FACETS
from gateway.console.interactions.listing import listed
from gateway.console.interactions.question import FILTERS
from gateway.console.interactions.views import detail, question
from gateway.console.monitoring.ranges import PERIODS
from gateway.console.theme.admin_classes import ModelAdmin
from gateway.console.theme.page import page
from governance.interactions.rows import record_of
from governance.models import Interaction


@admin.register(Interaction)
class InteractionAdmin(ModelAdmin):
    """The latest first, page by page along the key. None counts or sorts the whole table."""

    fieldsets = (
        (gettext_lazy("The whole record"), {"classes": ("collapse",), "fields": ("whole",)}),
    )
    readonly_fields = ("whole",)
    change_form_outer_before_template = "console/interactions/timeline.html"

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A page of our own: Django's would count, and offer what nobody may do."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        asked, columns = question(request), chosen(request)
        found = listed(asked, columns, request.GET)
        answer = page(
            request,
            "console/interactions/page.html",
            _("Interactions"),
            question=asked,
            query=asked.query(),
            chips=asked.chips(),
            columns=columns,
            all_columns=COLUMNS.values(),
            listed=found,
            periods=PERIODS.items(),
            facets=[(name, FILTERS[name]) for name in FACETS],
            held=_held(asked.query()),
            list_address=reverse("admin:governance_interaction_changelist"),
            empty=not found.rows and not asked.narrowed and not found.newest,
            is_fullwidth="1",
        )
        remember(request, answer)
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
        context |= {**detail(request, context["original"]), "show_history": False}
        answer: HttpResponse = super().render_change_form(request, context, *arguments, **named)
        return answer

    @admin.display(description=gettext_lazy("As JSON"))
    def whole(self, row: Interaction) -> SafeString:
        text = msgspec.json.format(msgspec.json.encode(record_of(row)), indent=2).decode()
        return format_html('<pre class="whitespace-pre-wrap">{}</pre>', text)


def _held(query: str) -> list[tuple[str, str]]:
    """What the form of the search repeats."""
    return [(name, str(value)) for name, value in QueryDict(query).items() if name != "q"]
