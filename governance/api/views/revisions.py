from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from governance import documents, services
from governance.api.filters import RevisionFilter
from governance.api.schema import DRY_RUN, PAGE, answers
from governance.api.serializers.common import listed, single
from governance.api.serializers.revisions import (
    RevertedSerializer,
    RevisionDetailSerializer,
    RevisionSerializer,
)
from governance.api.views.base import GovernanceViewSet, flag, warning_documents, who
from governance.models import Revision

PAGE_LENGTH = 100


@extend_schema(tags=["revisions"])
@extend_schema_view(
    list=extend_schema(
        operation_id="list_revisions",
        summary=f"List revisions, the latest first; {PAGE_LENGTH} unless `limit` says otherwise",
        parameters=PAGE,
        responses=answers(400, ok=listed("revisions", RevisionSerializer)),
    ),
    retrieve=extend_schema(
        operation_id="get_revision",
        summary="Get a revision with the documents before and after",
        responses=answers(404, ok=single("revision", RevisionDetailSerializer)),
    ),
)
class RevisionViewSet(GovernanceViewSet):
    """Who changed what, and the way back. Keys and secrets are never brought back."""

    model = Revision
    filterset_class = RevisionFilter
    rights = {"revert": ("change",)}

    def list(self, request: Request) -> Response:
        rows, count = self.page(request, Revision.objects.defer("changes"), PAGE_LENGTH)
        return Response({"revisions": [_document(row) for row in rows], "count": count})

    def retrieve(self, request: Request, version: int) -> Response:
        row = services.find_revision(version)
        return Response({"revision": {**_document(row), "changes": row.changes}})

    @extend_schema(
        operation_id="revert_to_revision",
        summary="Go back to the configuration as this revision left it",
        parameters=[DRY_RUN],
        request=None,
        responses=answers(400, 404, 409, ok=RevertedSerializer),
    )
    def revert(self, request: Request, version: int) -> Response:
        dry_run = flag(request, "dry_run")
        reverted = services.revert(version, who=who(request), dry_run=dry_run)
        return Response(
            {
                "version": version,
                "changes": reverted.changes,
                "warnings": warning_documents(reverted.warnings),
                "dry_run": dry_run,
            }
        )


def _document(row: Revision) -> dict[str, Any]:
    return {
        "version": row.version,
        "who": row.who,
        "when": documents.moment(row.when),
        "action": row.action,
        "summary": row.summary,
    }
