from __future__ import annotations

from dataclasses import replace

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from governance import services
from governance.api.filters import KeyFilter
from governance.api.schema import IF_MATCH, PAGE, WRITING, answers
from governance.api.serializers.common import listed, patch_of, single
from governance.api.serializers.keys import NewKeySerializer, RotationSerializer, grace_of
from governance.api.views.base import GovernanceViewSet, answered, expected, maker, tagged, who
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
        parameters=[IF_MATCH],
        request=patch_of(KeySerializer),
        responses=answers(*WRITING, 404, 412, ok=single("key", KeySerializer)),
    ),
    destroy=extend_schema(
        operation_id="delete_key",
        summary="Delete an API key",
        parameters=[IF_MATCH],
        responses=answers(404, 412, gone=True),
    ),
)
class KeyViewSet(GovernanceViewSet):
    """What callers may do."""

    model = ApiKey
    filterset_class = KeyFilter
    writing_scopes = (*GovernanceViewSet.writing_scopes, "keys")
    rights = {**GovernanceViewSet.rights, "rotate": ("change",)}

    def list(self, request: Request) -> Response:
        rows, count = self.page(request, ApiKey.objects.all(), PAGE_LENGTH)
        return Response({"keys": [KeySerializer.answer(row) for row in rows], "count": count})

    def retrieve(self, request: Request, key_id: str) -> Response:
        row = services.find_key(key_id)
        return tagged(Response({"key": KeySerializer.answer(row)}), row.changed_in)

    def create(self, request: Request) -> Response:
        saved, secret = services.create_key(request.data, who=who(request), maker=maker(request))
        return answered("key", _versioned(saved), 201, secret=secret)

    def partial_update(self, request: Request, key_id: str) -> Response:
        saved = services.update_key(
            key_id,
            request.data,
            who=who(request),
            maker=maker(request),
            expected=expected(request),
        )
        return answered("key", _versioned(saved))

    @extend_schema(
        operation_id="rotate_key",
        summary="Give an API key a new secret; the answer is the only one that shows it",
        parameters=[IF_MATCH],
        request=RotationSerializer,
        responses=answers(*WRITING, 404, 412, ok=NewKeySerializer),
    )
    def rotate(self, request: Request, key_id: str) -> Response:
        saved, secret = services.rotate_key(
            key_id,
            who=who(request),
            grace=grace_of(request.data),
            maker=maker(request),
            expected=expected(request),
        )
        return answered("key", _versioned(saved), secret=secret)

    def destroy(self, request: Request, key_id: str) -> Response:
        services.delete_key(key_id, who=who(request), expected=expected(request))
        return Response(status=204)


def _versioned(saved: services.Saved) -> services.Saved:
    return replace(saved, document=KeySerializer.versioned(saved.document, saved.version))
