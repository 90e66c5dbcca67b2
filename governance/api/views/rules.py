from __future__ import annotations

from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework.request import Request
from rest_framework.response import Response

from governance import services
from governance.api.filters import RuleFilter
from governance.api.schema import IF_MATCH, PAGE, WRITING, answers
from governance.api.serializers.common import listed, patch_of, single
from governance.api.serializers.rules import OrderSerializer
from governance.api.views.base import GovernanceViewSet, answered, expected, tagged, who
from governance.errors import Invalid
from governance.models import HeuristicRule
from governance.routing.fields import Problem, kind_of
from governance.serializers import RuleSerializer

SAVED = answers(*WRITING, 404, 412, ok=single("rule", RuleSerializer))


@extend_schema(tags=["heuristic rules"])
@extend_schema_view(
    list=extend_schema(
        operation_id="list_heuristic_rules",
        summary="List heuristic rules in their order",
        parameters=PAGE,
        responses=answers(400, ok=listed("rules", RuleSerializer)),
    ),
    retrieve=extend_schema(
        operation_id="get_heuristic_rule",
        summary="Get a heuristic rule",
        responses=answers(404, ok=single("rule", RuleSerializer)),
    ),
    create=extend_schema(
        operation_id="create_heuristic_rule",
        summary="Create a heuristic rule, behind the others unless it has a position",
        request=RuleSerializer,
        responses=answers(*WRITING, created=single("rule", RuleSerializer)),
    ),
    update=extend_schema(
        operation_id="replace_heuristic_rule",
        summary="Replace a heuristic rule",
        parameters=[IF_MATCH],
        request=RuleSerializer,
        responses=SAVED,
    ),
    partial_update=extend_schema(
        operation_id="change_heuristic_rule",
        summary="Change some fields of a heuristic rule",
        parameters=[IF_MATCH],
        request=patch_of(RuleSerializer),
        responses=SAVED,
    ),
    destroy=extend_schema(
        operation_id="delete_heuristic_rule",
        summary="Delete a heuristic rule",
        parameters=[IF_MATCH],
        responses=answers(404, 412, gone=True),
    ),
)
class RuleViewSet(GovernanceViewSet):
    """Where requests go that name no model."""

    model = HeuristicRule
    filterset_class = RuleFilter
    rights = {**GovernanceViewSet.rights, "reorder": ("change",)}

    def list(self, request: Request) -> Response:
        rows, count = self.page(request, HeuristicRule.objects.all())
        return Response({"rules": [RuleSerializer.document(row) for row in rows], "count": count})

    def retrieve(self, request: Request, rule_id: int) -> Response:
        row = services.find_rule(rule_id)
        return tagged(Response({"rule": RuleSerializer.document(row)}), row.changed_in)

    def create(self, request: Request) -> Response:
        saved = services.save_rule(request.data, who=who(request))
        return answered("rule", saved, 201)

    def update(self, request: Request, rule_id: int) -> Response:
        saved = services.save_rule(
            request.data, who=who(request), existing=rule_id, expected=expected(request)
        )
        return answered("rule", saved)

    def partial_update(self, request: Request, rule_id: int) -> Response:
        saved = services.save_rule(
            request.data,
            who=who(request),
            existing=rule_id,
            partial=True,
            expected=expected(request),
        )
        return answered("rule", saved)

    def destroy(self, request: Request, rule_id: int) -> Response:
        services.delete_rule(rule_id, who=who(request), expected=expected(request))
        return Response(status=204)

    @extend_schema(
        operation_id="reorder_heuristic_rules",
        summary="Put the heuristic rules in another order",
        request=OrderSerializer,
        responses=answers(*WRITING, ok=listed("rules", RuleSerializer)),
    )
    def reorder(self, request: Request) -> Response:
        if not isinstance(request.data, dict):
            message = f"An order must be an object, not {kind_of(request.data)}."
            raise Invalid(Problem("", "type", message))
        rules = services.reorder_rules(request.data.get("order"), who=who(request))
        return Response({"rules": rules, "count": len(rules)})
