"""The views of things that are one row with a document: see `governance.services.plain_rows`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from django.db.models import Model
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.schema import IF_MATCH, PAGE, WRITING, answers
from governance.api.serializers.common import listed, patch_of, single
from governance.api.views.base import GovernanceViewSet, answered, expected, tagged, who
from governance.services.plain_rows import PlainRows

PAGE_LENGTH = 1000


def described(
    rows: PlainRows[Any], names: str, one: str, shape: Any, *, fixed: bool = False
) -> Any:
    """The OpenAPI words of such a view: `names` of a list, `one` of its items."""
    word = rows.kind.replace(" ", "_")
    a = f"an {rows.kind}" if rows.kind[0] in "aeiou" else f"a {rows.kind}"
    saved = answers(*WRITING, 404, 412, ok=single(one, shape))
    told = {
        "list": extend_schema(
            operation_id=f"list_{word}s",
            summary=f"List {rows.kind}s; {PAGE_LENGTH:,} unless `limit` says otherwise",
            parameters=PAGE,
            responses=answers(400, ok=listed(names, shape)),
        ),
        "retrieve": extend_schema(
            operation_id=f"get_{word}",
            summary=f"Get {a}",
            responses=answers(404, ok=single(one, shape)),
        ),
        "create": extend_schema(
            operation_id=f"create_{word}",
            summary=f"Create {a}",
            request=rows.serializer,
            responses=answers(*WRITING, created=single(one, shape)),
        ),
        "destroy": extend_schema(
            operation_id=f"delete_{word}",
            summary=f"Delete {a}",
            parameters=[IF_MATCH],
            responses=answers(404, 409, 412, gone=True),
        ),
    }
    if not fixed:
        told["update"] = extend_schema(
            operation_id=f"replace_{word}",
            summary=f"Replace {a}",
            parameters=[IF_MATCH],
            request=rows.serializer,
            responses=saved,
        )
        told["partial_update"] = extend_schema(
            operation_id=f"change_{word}",
            summary=f"Change some fields of {a}",
            parameters=[IF_MATCH],
            request=patch_of(rows.serializer),
            responses=saved,
        )
    return extend_schema_view(**told)


class PlainRowViewSet(GovernanceViewSet):
    """`rows` says what is saved, `names` and `one` what lists and items are called."""

    rows: ClassVar[PlainRows[Any]]
    names: ClassVar[str]
    one: ClassVar[str]

    def shown(self, row: Model, document: dict[str, Any]) -> dict[str, Any]:
        """The document as it is shown."""
        return document

    def list(self, request: Request) -> Response:
        rows, count = self.page(request, self.model._default_manager.all(), PAGE_LENGTH)
        found = [self._document(row) for row in rows]
        return Response({self.names: found, "count": count})

    def retrieve(self, request: Request, row_id: str | int) -> Response:
        row = self.rows.find(row_id)
        return tagged(Response({self.one: self._document(row)}), row.changed_in)

    def create(self, request: Request) -> Response:
        return self._saved(request, None, partial=False, status=201)

    def update(self, request: Request, row_id: str | int) -> Response:
        return self._saved(request, row_id, partial=False)

    def partial_update(self, request: Request, row_id: str | int) -> Response:
        return self._saved(request, row_id, partial=True)

    def destroy(self, request: Request, row_id: str | int) -> Response:
        self.rows.delete(row_id, who=who(request), expected=expected(request))
        return Response(status=204)

    def _saved(
        self, request: Request, row_id: str | int | None, *, partial: bool, status: int = 200
    ) -> Response:
        saved = self.rows.save(
            request.data,
            who=who(request),
            existing=row_id,
            partial=partial,
            expected=expected(request),
        )
        row = self.rows.find(saved.document["id"])
        shown = replace(saved, document=self.shown(row, saved.document))
        return answered(self.one, shown, status)

    def _document(self, row: Model) -> dict[str, Any]:
        return self.shown(row, self.rows.serializer.document(row))
