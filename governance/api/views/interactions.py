from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec
from django.http import StreamingHttpResponse
from django_filters import IsoDateTimeFilter
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.schema import answers
from governance.api.serializers.common import single
from governance.api.serializers.interactions import (
    InteractionPageSerializer,
    InteractionSerializer,
)
from governance.api.views.base import GovernanceViewSet
from governance.errors import Invalid, NotFound
from governance.interactions.exporting import in_pieces, json_lines
from governance.interactions.filters import InteractionFilter
from governance.interactions.keyset import (
    BadCursor,
    Cursor,
    Rows,
    cursor_of,
    page,
)
from governance.interactions.rows import record_of
from governance.models import Interaction
from governance.routing.fields import Problem
from governance.whole_number import whole_number

PAGE_SIZE: Final = 50
MAX_PAGE_SIZE: Final = 500


FILTERS: Final = [
    OpenApiParameter(
        name,
        datetime if isinstance(one, IsoDateTimeFilter) else str,
        description=one.extra.get("help_text", ""),
        enum=[value for value, _ in one.extra.get("choices", ())] or None,
    )
    for name, one in InteractionFilter.base_filters.items()
]


class JsonLines(JSONRenderer):
    """Lets callers of the export accept its own media type; errors are JSON all the same."""

    media_type = "application/x-ndjson"
    format = "jsonl"


@extend_schema(tags=["interactions"])
class InteractionViewSet(GovernanceViewSet):
    """What became of each request. Holds nothing that callers or models said."""

    model = Interaction
    filterset_class = InteractionFilter
    rights = {}

    @extend_schema(
        operation_id="list_interactions",
        summary="List interactions, the latest first",
        parameters=[
            *FILTERS,
            OpenApiParameter(
                "limit",
                {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": PAGE_SIZE},
                description="At most so many on a page.",
            ),
            OpenApiParameter("cursor", str, description="From `next` or `previous`."),
        ],
        responses=answers(400, ok=InteractionPageSerializer),
    )
    def list(self, request: Request) -> Response:
        found = page(self._rows(request), _limit(request), _cursor(request))
        return Response(
            {
                "interactions": [msgspec.to_builtins(record_of(row)) for row in found.rows],
                "next": _address(request, found.older),
                "previous": _address(request, found.newer),
            }
        )

    @extend_schema(
        operation_id="get_interaction",
        summary="Get the latest interaction with this request id",
        responses=answers(404, ok=single("interaction", InteractionSerializer)),
    )
    def retrieve(self, request: Request, request_id: str) -> Response:
        # No database takes a NUL, and no request id has one.
        known = Interaction.objects.filter(request_id=request_id.replace("\0", ""))
        row = known.order_by("-time", "-id").first()
        if row is None:
            message = f'There is no interaction with the id "{request_id}".'
            raise NotFound(Problem("", "not_found", message))
        return Response({"interaction": msgspec.to_builtins(record_of(row))})

    @extend_schema(
        operation_id="export_interactions",
        summary="Export interactions as JSON lines, the oldest first",
        parameters=FILTERS,
        responses={
            (200, JsonLines.media_type): OpenApiResponse(
                OpenApiTypes.STR, description="One interaction a line, as in the list."
            ),
            **answers(400),
        },
    )
    def export(self, request: Request) -> StreamingHttpResponse:
        last = Interaction.objects.order_by("-id").values_list("id", flat=True).first()
        rows = self._rows(request).filter(id__lte=last or 0)
        return StreamingHttpResponse(
            in_pieces(rows, json_lines),
            content_type=JsonLines.media_type,
            headers={
                "Content-Disposition": 'attachment; filename="interactions.jsonl"',
                "Cache-Control": "no-store",
                "X-Accel-Buffering": "no",
            },
        )

    def _rows(self, request: Request) -> Rows:
        rows: Rows = DjangoFilterBackend().filter_queryset(request, Interaction.objects.all(), self)
        return rows


def _limit(request: Request) -> int:
    value = request.query_params.get("limit")
    if value is None:
        return PAGE_SIZE
    found = whole_number(value)
    if found is not None and 1 <= found <= MAX_PAGE_SIZE:
        return found
    message = f"limit must be a whole number from 1 to {MAX_PAGE_SIZE}."
    raise Invalid(Problem("limit", "invalid", message))


def _cursor(request: Request) -> Cursor | None:
    value = request.query_params.get("cursor")
    if value is None:
        return None
    try:
        return cursor_of(value)
    except BadCursor:
        message = "cursor must be taken from `next` or `previous` of an earlier answer."
        raise Invalid(Problem("cursor", "invalid", message)) from None


def _address(request: Request, cursor: Cursor | None) -> str | None:
    """The request's own address, with another cursor."""
    if cursor is None:
        return None
    query: Any = request.query_params.copy()
    query["cursor"] = cursor.text()
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")
