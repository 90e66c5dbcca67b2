from __future__ import annotations

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from governance import documents, services
from governance.api.filters import ProviderFilter
from governance.api.schema import FORCE, PAGE, RENAME, WRITING, answers
from governance.api.serializers.common import listed, single
from governance.api.serializers.providers import ProviderPatchSerializer, ProviderSerializer
from governance.api.views.base import GovernanceViewSet, flag, merged, who, with_warnings
from governance.models import Provider
from governance.routing.table import VirtualKey

SAVED = answers(*WRITING, 404, ok=single("provider", ProviderSerializer))


@extend_schema(tags=["providers"])
@extend_schema_view(
    list=extend_schema(
        operation_id="list_providers",
        summary="List providers",
        parameters=PAGE,
        responses=answers(400, ok=listed("providers", ProviderSerializer)),
    ),
    retrieve=extend_schema(
        operation_id="get_provider",
        summary="Get a provider",
        responses=answers(404, ok=single("provider", ProviderSerializer)),
    ),
    create=extend_schema(
        operation_id="create_provider",
        summary="Create a provider",
        request=ProviderSerializer,
        responses=answers(*WRITING, created=single("provider", ProviderSerializer)),
    ),
    update=extend_schema(
        operation_id="replace_provider",
        summary="Replace a provider; secrets it does not bring stay",
        parameters=[RENAME],
        request=ProviderSerializer,
        responses=SAVED,
    ),
    partial_update=extend_schema(
        operation_id="change_provider",
        summary="Change some fields of a provider",
        parameters=[RENAME],
        request=ProviderPatchSerializer,
        responses=SAVED,
    ),
    destroy=extend_schema(
        operation_id="delete_provider",
        summary="Delete a provider",
        parameters=[FORCE],
        responses=answers(400, 404, 409, gone=True),
    ),
)
class ProviderViewSet(GovernanceViewSet):
    """Places that answer requests: this machine, clouds, servers of your own."""

    model = Provider
    filterset_class = ProviderFilter

    def list(self, request: Request) -> Response:
        rows, count = self.page(request, Provider.objects.all())
        return Response({"providers": [documents.provider(row) for row in rows], "count": count})

    def retrieve(self, request: Request, name: str) -> Response:
        return Response({"provider": documents.provider(services.find_provider(name))})

    def create(self, request: Request) -> Response:
        saved = services.save_provider(
            request.data, who=who(request), credentials=_may_set_credentials(request)
        )
        return Response(with_warnings({"provider": saved.document}, saved.warnings), status=201)

    def update(self, request: Request, name: str) -> Response:
        row = services.find_provider(name)
        return self._save(request, row, merged({"name": row.name}, request.data))

    def partial_update(self, request: Request, name: str) -> Response:
        row = services.find_provider(name)
        before = documents.provider(row)
        del before["extra_headers"]  # absent, they all stay, readable or not
        return self._save(request, row, merged(before, request.data))

    def destroy(self, request: Request, name: str) -> Response:
        services.delete_provider(name, who=who(request), force=flag(request, "force"))
        return Response(status=204)

    def _save(self, request: Request, row: Provider, document: object) -> Response:
        saved = services.save_provider(
            document,
            who=who(request),
            existing=row.name,
            rename_in_targets=flag(request, "rename_in_targets"),
            credentials=_may_set_credentials(request),
        )
        return Response(with_warnings({"provider": saved.document}, saved.warnings))


def _may_set_credentials(request: Request) -> bool:
    """People need a permission of its own; a key that may write may write them too."""
    return isinstance(request.auth, VirtualKey) or request.user.has_perm(
        "governance.set_credentials"
    )
