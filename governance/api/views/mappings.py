from __future__ import annotations

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from governance import services
from governance.api.filters import MappingFilter
from governance.api.schema import IF_MATCH, PAGE, WRITING, answers
from governance.api.serializers.common import listed, patch_of, single
from governance.api.views.base import GovernanceViewSet, answered, expected, tagged, who
from governance.models import ModelMapping
from governance.serializers import MappingSerializer

SAVED = answers(*WRITING, 404, 412, ok=single("mapping", MappingSerializer))


@extend_schema(tags=["model mappings"])
@extend_schema_view(
    list=extend_schema(
        operation_id="list_model_mappings",
        summary="List model mappings in the order they are tried",
        parameters=PAGE,
        responses=answers(400, ok=listed("mappings", MappingSerializer)),
    ),
    retrieve=extend_schema(
        operation_id="get_model_mapping",
        summary="Get a model mapping",
        responses=answers(404, ok=single("mapping", MappingSerializer)),
    ),
    create=extend_schema(
        operation_id="create_model_mapping",
        summary="Create a model mapping",
        request=MappingSerializer,
        responses=answers(*WRITING, created=single("mapping", MappingSerializer)),
    ),
    update=extend_schema(
        operation_id="replace_model_mapping",
        summary="Replace a model mapping",
        parameters=[IF_MATCH],
        request=MappingSerializer,
        responses=SAVED,
    ),
    partial_update=extend_schema(
        operation_id="change_model_mapping",
        summary="Change some fields of a model mapping",
        parameters=[IF_MATCH],
        request=patch_of(MappingSerializer),
        responses=SAVED,
    ),
    destroy=extend_schema(
        operation_id="delete_model_mapping",
        summary="Delete a model mapping",
        parameters=[IF_MATCH],
        responses=answers(404, 412, gone=True),
    ),
)
class MappingViewSet(GovernanceViewSet):
    """What the model names that clients hard-code stand for."""

    model = ModelMapping
    filterset_class = MappingFilter

    def list(self, request: Request) -> Response:
        rows, count = self.page(request, ModelMapping.objects.all())
        found = [MappingSerializer.document(row) for row in rows]
        return Response({"mappings": found, "count": count})

    def retrieve(self, request: Request, mapping_id: int) -> Response:
        row = services.find_mapping(mapping_id)
        return tagged(Response({"mapping": MappingSerializer.document(row)}), row.changed_in)

    def create(self, request: Request) -> Response:
        saved = services.save_mapping(request.data, who=who(request))
        return answered("mapping", saved, 201)

    def update(self, request: Request, mapping_id: int) -> Response:
        saved = services.save_mapping(
            request.data, who=who(request), existing=mapping_id, expected=expected(request)
        )
        return answered("mapping", saved)

    def partial_update(self, request: Request, mapping_id: int) -> Response:
        saved = services.save_mapping(
            request.data,
            who=who(request),
            existing=mapping_id,
            partial=True,
            expected=expected(request),
        )
        return answered("mapping", saved)

    def destroy(self, request: Request, mapping_id: int) -> Response:
        services.delete_mapping(mapping_id, who=who(request), expected=expected(request))
        return Response(status=204)
