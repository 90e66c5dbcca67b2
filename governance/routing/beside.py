"""What a profile does beside answering: its cache, and its shadow. PURE."""

from __future__ import annotations

from random import Random
from typing import Any

from governance.routing import caching, shadows
from governance.routing.breaker import HealthReader
from governance.routing.plan import Plan
from governance.routing.request import RoutingRequest
from governance.routing.table import RoutingTable, VirtualKey


def beside(
    plan: Plan,
    request: RoutingRequest,
    key: VirtualKey,
    table: RoutingTable,
    health: HealthReader,
    rng: Random,
) -> dict[str, dict[str, Any]]:
    """What they mean for the request, by their names; only those that the profile has."""
    profile, found = plan.profile, {}
    if profile is not None and profile.cache is not None:
        found["cache"] = caching.described(profile.cache, request)
    if profile is not None and profile.shadow is not None:
        to = shadows.shadow_route(profile.shadow, request, profile, key, table, health, 0.0, rng)
        found["shadow"] = shadows.described(profile.shadow, to)
    return found
