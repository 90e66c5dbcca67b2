from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from governance import services
from governance.api.filters import RevisionFilter
from governance.api.schema import DRY_RUN, PAGE, answers
from governance.api.serializers.common import listed, single
from governance.api.serializers.revisions import (
    ComparisonSerializer,
    RevertedSerializer,
    RevisionDetailSerializer,
    RevisionSerializer,
)
from governance.api.views.base import (
    GovernanceViewSet,
    flag,
    may_set_credentials,
    warning_documents,
    who,
)
from governance.errors import Invalid
from governance.json_values import moment
from governance.models import Revision
from governance.routing.fields import Problem
from governance.whole_number import whole_number

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
        changes = _changes(services.differences(row))
        return Response({"revision": {**_document(row), "changes": changes}})

    @extend_schema(
        operation_id="compare_revisions",
        summary="Compare the configuration at two revisions",
        parameters=[
            OpenApiParameter("from", int, required=True, description="The one to start from."),
            OpenApiParameter("to", int, required=True, description="May be the earlier one."),
        ],
        responses=answers(400, 404, ok=ComparisonSerializer),
    )
    def compare(self, request: Request) -> Response:
        first, second = _version(request, "from"), _version(request, "to")
        changes = _changes(services.compare(first, second))
        return Response({"from": first, "to": second, "changes": changes})

    @extend_schema(
        operation_id="revert_to_revision",
        summary="Go back to the configuration as this revision left it",
        parameters=[DRY_RUN],
        request=None,
        responses=answers(400, 404, 409, ok=RevertedSerializer),
    )
    def revert(self, request: Request, version: int) -> Response:
        dry_run = flag(request, "dry_run")
        reverted = services.revert(
            version,
            who=who(request),
            dry_run=dry_run,
            credentials=may_set_credentials(request),
        )
        return Response(
            {
                "version": version,
                "changes": reverted.changes,
                "warnings": warning_documents(reverted.warnings),
                "dry_run": dry_run,
            }
        )


def _version(request: Request, name: str) -> int:
    version = whole_number(request.query_params.get(name, ""))
    if version is not None:
        return version
    raise Invalid(Problem(name, "invalid", f"{name} must be the number of a revision."))


def _changes(found: Iterable[services.Difference]) -> list[dict[str, Any]]:
    return [
        {
            "kind": one.kind,
            "id": one.id,
            "name": one.name,
            "words": one.words,
            "before": one.before,
            "after": one.after,
        }
        for one in found
    ]


def _document(row: Revision) -> dict[str, Any]:
    return {
        "version": row.version,
        "who": row.who,
        "when": moment(row.when),
        "action": row.action,
        "summary": row.summary,
    }
