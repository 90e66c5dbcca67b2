from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import Model
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from governance import services
from governance.api.filters import GrantFilter, GroupFilter, LimitFilter, PriceFilter
from governance.api.schema import WRITING, answers
from governance.api.serializers.limit_replay import (
    LimitReplayRequestSerializer,
    LimitReplaySerializer,
    limit_answer,
    limit_question,
)
from governance.api.serializers.recompute import (
    RecomputedSerializer,
    RecomputeRequestSerializer,
    recompute_answer,
    recompute_question,
)
from governance.api.views.base import GovernanceViewSet, who
from governance.api.views.rows import PlainRowViewSet, described
from governance.limits_in_force import live_use
from governance.models import Group, Limit, LimitGrant, ModelPrice
from governance.serializers import (
    GrantSerializer,
    GroupSerializer,
    ModelPriceSerializer,
)
from governance.serializers.limits import ShownLimitSerializer
from governance.services import GRANTS, GROUPS, LIMITS, PRICES


@extend_schema(tags=["groups"])
@described(GROUPS, "groups", "group", GroupSerializer)
class GroupViewSet(PlainRowViewSet):
    """Customers and teams that keys belong to."""

    model = Group
    filterset_class = GroupFilter
    rows = GROUPS
    names, one = "groups", "group"


@extend_schema(tags=["limits"])
@described(LIMITS, "limits", "limit", ShownLimitSerializer)
class LimitViewSet(PlainRowViewSet):
    """How much a subject may use, and how much it has used."""

    model = Limit
    filterset_class = LimitFilter
    rows = LIMITS
    names, one = "limits", "limit"
    rights = {**GovernanceViewSet.rights, "replay": ("view",)}

    @extend_schema(
        operation_id="replay_limit",
        summary="Say what a limit would have refused of the requests in the log",
        request=LimitReplayRequestSerializer,
        responses=answers(*WRITING, ok=LimitReplaySerializer),
    )
    def replay(self, request: Request) -> Response:
        begin, end, document = limit_question(request.data)
        identity = document.get("id") if isinstance(document, Mapping) else None
        known = type(identity) is int and Limit.objects.filter(pk=identity).exists()
        done = services.replay_of_limit(document, begin, end, existing=identity if known else None)
        return Response(limit_answer(done))

    def shown(self, row: Model, document: dict[str, Any]) -> dict[str, Any]:
        assert isinstance(row, Limit)
        return {**document, **live_use(row)}


@extend_schema(tags=["limits"])
@described(GRANTS, "grants", "grant", GrantSerializer, fixed=True)
class GrantViewSet(PlainRowViewSet):
    """Extra amounts on top of limits. One never changes: it is deleted, and another made."""

    model = LimitGrant
    filterset_class = GrantFilter
    rows = GRANTS
    names, one = "grants", "grant"


@extend_schema(tags=["prices"])
@described(PRICES, "prices", "price", ModelPriceSerializer)
class PriceViewSet(PlainRowViewSet):
    """Prices that count before the public price list."""

    model = ModelPrice
    filterset_class = PriceFilter
    rows = PRICES
    names, one = "prices", "price"
    rights = {**GovernanceViewSet.rights, "recompute": ("change",)}

    @extend_schema(
        operation_id="recompute_costs",
        summary="Work out again what requests cost, after a price was corrected",
        request=RecomputeRequestSerializer,
        responses=answers(*WRITING, ok=RecomputedSerializer),
    )
    def recompute(self, request: Request) -> Response:
        asked = recompute_question(request.data)
        return Response(recompute_answer(services.recompute_costs(**asked, who=who(request))))
