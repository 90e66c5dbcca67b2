"""The parts of the interactions' page that are fetched behind it, and sessions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final

from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from gateway.console.interactions.columns import chosen
from gateway.console.interactions.facets import FACETS, suggested
from gateway.console.interactions.links import links, neighbours
from gateway.console.interactions.listing import listed
from gateway.console.interactions.question import InteractionQuestion, question_of
from gateway.console.interactions.sessions import latest_sessions, turns_of
from gateway.console.interactions.shadow import comparison_of
from gateway.console.interactions.summary import ListSummary, summary
from gateway.console.interactions.timeline import timeline_of
from gateway.console.theme.page import console_view, page
from governance.interactions.exporting import csv_head, csv_lines, in_pieces, json_lines
from governance.interactions.rows import record_of
from governance.models import Interaction

SEE: Final = "governance.view_interaction"
FRESH_SECONDS: Final = 2
"""How long a summary is used again, so that many open pages cost as much as one."""


def question(request: HttpRequest) -> InteractionQuestion:
    """What the address asks, in the zone of the viewer."""
    zone = timezone.get_current_timezone()
    return question_of(request.GET.dict(), datetime.now(UTC), zone)


@require_GET
@console_view(SEE)
def summed(request: HttpRequest) -> HttpResponse:
    """Totals, histogram and facets of the list."""
    asked = question(request)
    found = _summary(asked)
    return render(
        request,
        "console/interactions/summary.html",
        {
            "summary": found,
            "chart": _chart(found, asked),
            "question": asked,
        },
    )


def _summary(asked: InteractionQuestion) -> ListSummary | None:
    zone = timezone.get_current_timezone()
    key = f"console:interactions:{zone}:{hash(asked.query())}"
    found: ListSummary | None = cache.get(key)
    if found is None:
        found = summary(asked, datetime.now(UTC), zone)
        cache.set(key, found, FRESH_SECONDS)
    return found


def _chart(found: ListSummary | None, asked: InteractionQuestion) -> dict[str, Any]:
    """What the browser draws; `brush` is the address that a chosen range is put into."""
    if found is None:
        return {}
    plain = asked.query(**{"period": None, "from": None, "to": None})
    return {
        "step": found.step,
        "ends": found.ends,
        "brush": f"?{plain}",
        "begins": [bar.begins for bar in found.bars],
        "series": [
            {
                "label": _("Requests without an error"),
                "tone": "accent",
                "values": [bar.requests - bar.errors for bar in found.bars],
            },
            {"label": _("Errors"), "tone": "bad", "values": [bar.errors for bar in found.bars]},
        ],
    }


@require_GET
@console_view(SEE)
def tail(request: HttpRequest) -> HttpResponse:
    """The rows that arrived behind the cursor, and the cursor behind them."""
    found = listed(question(request), chosen(request), request.GET, size=200)
    answer = render(request, "console/interactions/rows.html", {"listed": found})
    answer["X-Tail"] = found.tail
    return answer


@require_GET
@console_view(SEE)
def panel(request: HttpRequest, pk: int) -> HttpResponse:
    """One request beside the list."""
    row = get_object_or_404(Interaction, pk=pk)
    context = detail(request, row)
    return render(request, "console/interactions/panel.html", context)


def detail(request: HttpRequest, row: Interaction) -> dict[str, Any]:
    """What the page of one and the panel beside the list have in common."""
    record = record_of(row)
    asked = question(request)
    return {
        "row": row,
        "record": record,
        "timeline": timeline_of(record),
        "comparison": comparison_of(request, row, record),
        "links": links(row, request),
        "beside": neighbours(row, asked),
        "query": asked.query(),
    }


@require_GET
@console_view(SEE)
def facet(request: HttpRequest, name: str) -> HttpResponse:
    """Values of a filter whose names hold what was typed."""
    if name not in FACETS:
        raise Http404
    typed = request.GET.get("typed", "").replace("\0", "").strip()[:100]
    found = suggested(question(request), name, typed, datetime.now(UTC))
    return JsonResponse(
        {
            "values": [
                {
                    "label": one.label,
                    "count": one.count,
                    "query": one.query,
                    "chosen": one.chosen,
                }
                for one in found
            ]
        }
    )


@require_GET
@console_view(SEE)
def export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """All that is filtered, as it is read: `csv` or `jsonl`."""
    if kind not in ("csv", "jsonl"):
        raise Http404
    last = Interaction.objects.order_by("-id").values_list("id", flat=True).first()
    rows = [one.filter(id__lte=last or 0) for one in question(request).sets()]
    if kind == "csv":
        pieces, media_type = in_pieces(rows, csv_lines, csv_head()), "text/csv; charset=utf-8"
    else:
        pieces, media_type = in_pieces(rows, json_lines), "application/x-ndjson"
    return StreamingHttpResponse(
        pieces,
        content_type=media_type,
        headers={
            "Content-Disposition": f'attachment; filename="interactions.{kind}"',
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        },
    )


@require_GET
@console_view(SEE)
def sessions(request: HttpRequest) -> HttpResponse:
    """The latest conversations and agent runs."""
    return page(
        request,
        "console/interactions/sessions.html",
        _("Conversations"),
        sessions=latest_sessions(),
    )


@require_GET
@console_view(SEE)
def session(request: HttpRequest) -> HttpResponse:
    """The turns of one."""
    name = request.GET.get("id", "").replace("\0", "")
    return page(
        request,
        "console/interactions/session.html",
        _("Conversation"),
        session=name,
        found=turns_of(name),
    )
