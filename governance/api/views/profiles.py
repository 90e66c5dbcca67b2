from __future__ import annotations

from typing import Any, Final

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from governance import services
from governance.api import simulation
from governance.api.filters import ProfileFilter
from governance.api.schema import (
    DRY_RUN,
    EVERYTHING,
    IF_MATCH,
    MODE,
    PAGE,
    PORTABLE,
    WRITING,
    answers,
)
from governance.api.serializers.common import listed, single
from governance.api.serializers.profiles import (
    ExportSerializer,
    ImportSerializer,
    OutcomeSerializer,
)
from governance.api.serializers.simulation import (
    SimulationRequestSerializer,
    SimulationSerializer,
)
from governance.api.views.base import (
    GovernanceViewSet,
    answered,
    chosen,
    expected,
    flag,
    maker,
    may,
    may_set_credentials,
    tagged,
    warning_documents,
    who,
    with_warnings,
)
from governance.consistent import consistent
from governance.errors import Forbidden
from governance.models import RoutingProfile
from governance.routing.fields import Problem
from governance.routing.table import ANONYMOUS, VirtualKey
from governance.serializers import ProfileSerializer
from governance.serializers.profiles import portable

PLUGIN: Final = "routing-profiles"

EXAMPLE: Final = OpenApiExample(
    "A small model first, a large one behind it",
    request_only=True,
    value={
        "name": "Light",
        "virtual_provider": "light",
        "strategy": "ordered_failover",
        "targets": [
            {"provider": "mlx", "virtual_model": "light", "model": "smollm2-135m-instruct"},
            {"provider": "openai", "model": "gpt-4o-mini", "priority": 1},
        ],
    },
)
SIMULATIONS: Final = [
    OpenApiExample(
        "In a few words",
        request_only=True,
        value={"model": "light/light", "request_type": "chat", "capabilities": ["vision"]},
    ),
    OpenApiExample(
        "A whole chat request, while a provider is down",
        request_only=True,
        value={
            "model": "light/light",
            "messages": [{"role": "user", "content": "What is the capital of France?"}],
            "what_if": {"mlx": "down"},
        },
    ),
]


@extend_schema(tags=["routing profiles"])
@extend_schema_view(
    list=extend_schema(
        operation_id="list_routing_profiles",
        summary="List routing profiles",
        parameters=PAGE,
        responses=answers(400, ok=listed("profiles", ProfileSerializer)),
    ),
    retrieve=extend_schema(
        operation_id="get_routing_profile",
        summary="Get a routing profile",
        responses=answers(404, ok=single("profile", ProfileSerializer)),
    ),
    create=extend_schema(
        operation_id="create_routing_profile",
        summary="Create a routing profile",
        request=ProfileSerializer,
        responses=answers(*WRITING, 409, created=single("profile", ProfileSerializer)),
        examples=[EXAMPLE],
    ),
    update=extend_schema(
        operation_id="replace_routing_profile",
        summary="Replace a routing profile and its targets",
        parameters=[IF_MATCH],
        request=ProfileSerializer,
        responses=answers(*WRITING, 404, 412, ok=single("profile", ProfileSerializer)),
        examples=[EXAMPLE],
    ),
    destroy=extend_schema(
        operation_id="delete_routing_profile",
        summary="Delete a routing profile",
        parameters=[IF_MATCH],
        responses=answers(404, 409, 412, gone=True),
    ),
)
class ProfileViewSet(GovernanceViewSet):
    """Virtual models and the targets behind them."""

    model = RoutingProfile
    filterset_class = ProfileFilter
    rights = {**GovernanceViewSet.rights, "replace_all": ("add", "change", "delete")}

    def list(self, request: Request) -> Response:
        rows, count = consistent(lambda: self.page(request, _rows()))
        return Response(
            {"profiles": [ProfileSerializer.document(row) for row in rows], "count": count}
        )

    def retrieve(self, request: Request, profile_id: str) -> Response:
        row = consistent(lambda: services.find_profile(profile_id))
        return tagged(Response({"profile": ProfileSerializer.document(row)}), row.changed_in)

    def create(self, request: Request) -> Response:
        saved = services.save_profile(request.data, who=who(request))
        return answered("profile", saved, 201)

    def update(self, request: Request, profile_id: str) -> Response:
        saved = services.save_profile(
            request.data, who=who(request), existing=profile_id, expected=expected(request)
        )
        return answered("profile", saved)

    def destroy(self, request: Request, profile_id: str) -> Response:
        services.delete_profile(profile_id, who=who(request), expected=expected(request))
        return Response(status=204)

    @extend_schema(
        operation_id="export_routing_profiles",
        summary="Export all routing profiles",
        parameters=[PORTABLE, EVERYTHING],
        responses=answers(400, ok=ExportSerializer),
    )
    def export(self, request: Request) -> Response:
        profiles = [ProfileSerializer.exported(row) for row in consistent(lambda: list(_rows()))]
        warnings: list[Problem] = []
        rows = services.exported_rows(may(request), flag(request, "everything"))
        if flag(request, "portable"):
            told = [portable(one, f"routing_profiles[{n}]") for n, one in enumerate(profiles)]
            profiles = [document for document, _ in told]
            warnings = [warning for _, found in told for warning in found]
            warnings += [_left_out(name) for name in rows]
            rows = {}
        config = {"routing_profiles": profiles, **rows}
        plugin = {"name": PLUGIN, "enabled": True, "config": config}
        return Response(with_warnings({"plugin": plugin}, warnings))

    @extend_schema(
        operation_id="import_routing_profiles",
        summary="Replace all routing profiles by an imported set, or merge it into them",
        parameters=[DRY_RUN, MODE],
        request=ImportSerializer,
        responses=answers(*WRITING, 409, ok=OutcomeSerializer),
    )
    def replace_all(self, request: Request) -> Response:
        dry_run = flag(request, "dry_run")
        given, rows = services.profiles_in(request.data), services.sections_in(request.data)
        mode = chosen(request, "mode", services.MODES)
        lacking = services.lacking_rights(rows, may(request), mode)
        if lacking:
            raise Forbidden(lacking)
        importer = services.Importer(who(request), may_set_credentials(request), maker(request))
        outcome = services.import_all(given, importer, rows=rows, mode=mode, dry_run=dry_run)
        return Response(
            {
                "created": outcome.created,
                "changed": outcome.changed,
                "removed": outcome.removed,
                "unchanged": outcome.unchanged,
                **{name: _became(one) for name, one in outcome.rows.items()},
                "warnings": warning_documents(outcome.warnings),
                "dry_run": dry_run,
            }
        )

    @extend_schema(
        operation_id="simulate_routing",
        summary="Say where a request would go, and why",
        request=SimulationRequestSerializer,
        responses=answers(*WRITING, 501, ok=SimulationSerializer),
        examples=SIMULATIONS,
    )
    def simulate(self, request: Request) -> Response:
        caller = request.auth if isinstance(request.auth, VirtualKey) else ANONYMOUS
        return Response(simulation.run(request.data, caller))


def _left_out(section: str) -> Problem:
    message = f"Relatives do not know {section}: they are left out."
    return Problem(section, "not_portable", message)


def _became(outcome: services.SectionOutcome) -> dict[str, Any]:
    return {
        "created": outcome.created,
        "changed": outcome.changed,
        "removed": outcome.removed,
        "unchanged": outcome.unchanged,
    }


def _rows() -> Any:
    return RoutingProfile.objects.prefetch_related("targets")
