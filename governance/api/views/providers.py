from __future__ import annotations

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from governance import ports, services
from governance.api.errors import NotImplementedHere
from governance.api.filters import ProviderFilter
from governance.api.schema import (
    FORCE,
    IF_MATCH,
    OVERRIDDEN_MODEL,
    PAGE,
    RENAME,
    WRITING,
    answers,
)
from governance.api.serializers.common import listed, patch_of, single
from governance.api.serializers.health import ProviderHealthSerializer
from governance.api.serializers.overrides import OverrideRequestSerializer
from governance.api.serializers.repairs import RepairSerializer
from governance.api.views.base import (
    GovernanceViewSet,
    answered,
    expected,
    flag,
    may_set_credentials,
    tagged,
    who,
    with_warnings,
)
from governance.models import Provider
from governance.serializers import OverrideSerializer, ProviderSerializer

SAVED = answers(*WRITING, 404, 412, ok=single("provider", ProviderSerializer))


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
        parameters=[IF_MATCH, RENAME],
        request=ProviderSerializer,
        responses=SAVED,
    ),
    partial_update=extend_schema(
        operation_id="change_provider",
        summary="Change some fields of a provider",
        parameters=[IF_MATCH, RENAME],
        request=patch_of(ProviderSerializer),
        responses=SAVED,
    ),
    destroy=extend_schema(
        operation_id="delete_provider",
        summary="Delete a provider",
        parameters=[IF_MATCH, FORCE],
        responses=answers(400, 404, 409, 412, gone=True),
    ),
)
class ProviderViewSet(GovernanceViewSet):
    """Places that answer requests: this machine, clouds, servers of your own."""

    model = Provider
    filterset_class = ProviderFilter
    rights = {
        **GovernanceViewSet.rights,
        "forget_repairs": ("change",),
        "override": ("change",),
        "end_override": ("change",),
    }

    def list(self, request: Request) -> Response:
        rows, count = self.page(request, Provider.objects.all())
        return Response(
            {"providers": [ProviderSerializer.document(row) for row in rows], "count": count}
        )

    def retrieve(self, request: Request, name: str) -> Response:
        row = services.find_provider(name)
        return tagged(Response({"provider": ProviderSerializer.document(row)}), row.changed_in)

    def create(self, request: Request) -> Response:
        saved = services.save_provider(
            request.data, who=who(request), credentials=may_set_credentials(request)
        )
        return answered("provider", saved, 201)

    def update(self, request: Request, name: str) -> Response:
        return self._save(request, name)

    def partial_update(self, request: Request, name: str) -> Response:
        return self._save(request, name, partial=True)

    def destroy(self, request: Request, name: str) -> Response:
        services.delete_provider(
            name, who=who(request), force=flag(request, "force"), expected=expected(request)
        )
        return Response(status=204)

    @extend_schema(
        operation_id="list_provider_repairs",
        summary="What requests to a provider are changed by, since it refuses parts of them",
        responses=answers(404, ok=listed("repairs", RepairSerializer)),
    )
    def repairs(self, request: Request, name: str) -> Response:
        row = services.find_provider(name)
        found = ports.filled().repairs(row.name)
        return Response({"repairs": found, "count": len(found)})

    @extend_schema(
        operation_id="forget_provider_repairs",
        summary="Forget the repairs: requests go out as they came again",
        responses=answers(404, 501, gone=True),
    )
    def forget_repairs(self, request: Request, name: str) -> Response:
        row = services.find_provider(name)
        if not services.forget_repairs(row, who=who(request)):
            raise NotImplementedHere("The collector, which tells every process, is not running.")
        return Response(status=204)

    @extend_schema(
        operation_id="get_provider_health",
        summary="How a provider fares at this moment, on this node and by the word of others",
        responses=answers(404, ok=single("health", ProviderHealthSerializer)),
    )
    def health(self, request: Request, name: str) -> Response:
        row = services.find_provider(name)
        return Response({"health": ports.filled().health(row.name)})

    @extend_schema(
        operation_id="list_provider_overrides",
        summary="What is forced upon a provider or its models at this moment",
        responses=answers(404, ok=listed("overrides", OverrideSerializer)),
    )
    def overrides(self, request: Request, name: str) -> Response:
        rows = services.overrides_of(services.find_provider(name))
        found = [OverrideSerializer.document(row) for row in rows]
        return Response({"overrides": found, "count": len(found)})

    @extend_schema(
        operation_id="override_provider",
        summary="Drain a provider or force its breaker for a while; it lapses by itself",
        request=OverrideRequestSerializer,
        responses=answers(*WRITING, 404, ok=single("override", OverrideSerializer)),
    )
    def override(self, request: Request, name: str) -> Response:
        saved = services.set_override(name, request.data, who=who(request))
        return Response(with_warnings({"override": saved.document}, saved.warnings))

    @extend_schema(
        operation_id="end_provider_override",
        summary="End an override before its time",
        parameters=[OVERRIDDEN_MODEL],
        responses=answers(404, gone=True),
    )
    def end_override(self, request: Request, name: str) -> Response:
        model = request.query_params.get("model", "")
        services.end_override(name, model, who=who(request))
        return Response(status=204)

    def _save(self, request: Request, name: str, *, partial: bool = False) -> Response:
        saved = services.save_provider(
            request.data,
            who=who(request),
            existing=name,
            partial=partial,
            rename_in_targets=flag(request, "rename_in_targets"),
            credentials=may_set_credentials(request),
            expected=expected(request),
        )
        return answered("provider", saved)
