from __future__ import annotations

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from governance import services
from governance.api.filters import KeyFilter
from governance.api.schema import PAGE, WRITING, answers
from governance.api.serializers.common import listed, patch_of, single
from governance.api.serializers.keys import NewKeySerializer
from governance.api.views.base import GovernanceViewSet, who, with_warnings
from governance.models import ApiKey
from governance.serializers import KeySerializer

PAGE_LENGTH = 1000


@extend_schema(tags=["API keys"])
@extend_schema_view(
    list=extend_schema(
        operation_id="list_keys",
        summary=f"List API keys; {PAGE_LENGTH:,} unless `limit` says otherwise",
        parameters=PAGE,
        responses=answers(400, ok=listed("keys", KeySerializer)),
    ),
    retrieve=extend_schema(
        operation_id="get_key",
        summary="Get an API key, without the key itself",
        responses=answers(404, ok=single("key", KeySerializer)),
    ),
    create=extend_schema(
        operation_id="create_key",
        summary="Create an API key; the answer is the only one that shows it",
        request=KeySerializer,
        responses=answers(*WRITING, created=NewKeySerializer),
    ),
    partial_update=extend_schema(
        operation_id="change_key",
        summary="Change what an API key allows",
        request=patch_of(KeySerializer),
        responses=answers(*WRITING, 404, ok=single("key", KeySerializer)),
    ),
    destroy=extend_schema(
        operation_id="delete_key",
        summary="Delete an API key",
        responses=answers(404, gone=True),
    ),
)
class KeyViewSet(GovernanceViewSet):
    """What callers may do."""

    model = ApiKey
    filterset_class = KeyFilter

    def list(self, request: Request) -> Response:
        rows, count = self.page(request, ApiKey.objects.all(), PAGE_LENGTH)
        return Response({"keys": [KeySerializer.document(row) for row in rows], "count": count})

    def retrieve(self, request: Request, key_id: str) -> Response:
        return Response({"key": KeySerializer.document(services.find_key(key_id))})

    def create(self, request: Request) -> Response:
        saved, secret = services.create_key(request.data, who=who(request))
        document = {"key": saved.document, "secret": secret}
        return Response(with_warnings(document, saved.warnings), status=201)

    def partial_update(self, request: Request, key_id: str) -> Response:
        saved = services.update_key(key_id, request.data, who=who(request))
        return Response(with_warnings({"key": saved.document}, saved.warnings))

    def destroy(self, request: Request, key_id: str) -> Response:
        services.delete_key(key_id, who=who(request))
        return Response(status=204)
