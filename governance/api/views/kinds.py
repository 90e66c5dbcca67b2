from __future__ import annotations

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from governance.api.schema import answers
from governance.api.serializers.common import listed
from governance.api.serializers.kinds import KindSerializer, kind_document
from governance.api.views.base import GovernanceViewSet
from governance.kinds import KINDS
from governance.models import Provider


@extend_schema(tags=["providers"])
@extend_schema_view(
    list=extend_schema(
        operation_id="list_provider_kinds",
        summary="List the kinds a provider may be, with well-known places of each",
        filters=False,
        responses=answers(ok=listed("kinds", KindSerializer)),
    )
)
class ProviderKindViewSet(GovernanceViewSet):
    """What may stand in a provider's `kind`."""

    model = Provider

    def list(self, request: Request) -> Response:
        documents = [kind_document(kind) for kind in KINDS.values()]
        return Response({"kinds": documents, "count": len(documents)})
