from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Final

import msgspec
from asgiref.sync import sync_to_async
from django.db.models import QuerySet
from django.http import StreamingHttpResponse
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.filters import AuditFilter
from governance.api.schema import PAGE, answers
from governance.api.serializers.audit import AuditEntrySerializer
from governance.api.serializers.common import listed
from governance.api.views.base import GovernanceViewSet
from governance.api.views.interactions import JsonLines
from governance.json_values import moment
from governance.models import AuditEntry

PAGE_LENGTH: Final = 100
EXPORTED: Final = 500
"""Entries of an export that are in memory at a time."""


@extend_schema(tags=["audit"])
class AuditViewSet(GovernanceViewSet):
    """Who did what to which thing. Entries never change, and hold no secrets."""

    model = AuditEntry
    filterset_class = AuditFilter
    rights = {}

    @extend_schema(
        operation_id="list_audit",
        summary=f"List the audit log, the latest first; {PAGE_LENGTH} unless `limit` says so",
        parameters=PAGE,
        responses=answers(400, ok=listed("audit", AuditEntrySerializer)),
    )
    def list(self, request: Request) -> Response:
        rows, count = self.page(request, AuditEntry.objects.all(), PAGE_LENGTH)
        return Response({"audit": [document(row) for row in rows], "count": count})

    @extend_schema(
        operation_id="export_audit",
        summary="Export the audit log as JSON lines, the oldest first",
        responses={
            (200, JsonLines.media_type): OpenApiResponse(
                OpenApiTypes.STR, description="One entry a line, as in the list."
            ),
            **answers(400),
        },
    )
    def export(self, request: Request) -> StreamingHttpResponse:
        filtered = DjangoFilterBackend().filter_queryset(request, AuditEntry.objects.all(), self)
        return exported(filtered)


def exported(rows: QuerySet[AuditEntry]) -> StreamingHttpResponse:
    """The entries as a file to download."""
    last = AuditEntry.objects.values_list("pk", flat=True).first()
    return StreamingHttpResponse(
        _lines(rows.filter(pk__lte=last or 0).order_by("pk")),
        content_type=JsonLines.media_type,
        headers={
            "Content-Disposition": 'attachment; filename="audit.jsonl"',
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",
        },
    )


async def _lines(rows: QuerySet[AuditEntry]) -> AsyncIterator[bytes]:
    """In pieces of one short query each, so that a slow reader holds no transaction open."""
    after = 0
    while True:
        piece = await sync_to_async(_piece)(rows.filter(pk__gt=after))
        if piece:
            after = piece[-1].pk
            encode = msgspec.json.Encoder().encode
            yield b"".join(encode(document(row)) + b"\n" for row in piece)
        if len(piece) < EXPORTED:
            return


def _piece(rows: QuerySet[AuditEntry]) -> list[AuditEntry]:
    return list(rows[:EXPORTED])


def document(row: AuditEntry) -> dict[str, Any]:
    return {
        "id": row.pk,
        "at": moment(row.at),
        "actor": row.actor,
        "address": row.address,
        "via": row.via,
        "action": row.action,
        "object_type": row.object_type,
        "object_id": row.object_id,
        "object_name": row.object_name,
        "changes": row.changes,
    }
