from __future__ import annotations

from typing import Any

from django.db.models import Model
from drf_spectacular.utils import extend_schema

from governance.api.filters import GrantFilter, GroupFilter, LimitFilter, PriceFilter
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
