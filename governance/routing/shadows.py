"""Where the copy of a request goes, and whether it goes at all. PURE.

A copy is routed as any request is, through a profile that has the shadow's target and nothing else:
cloud routing, `local_only`, capabilities, contexts, breakers and thresholds hold for it as well.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

from governance.routing.breaker import HealthReader
from governance.routing.plan import Candidate, Plan, ProfileChoice
from governance.routing.request import RoutingRequest
from governance.routing.resolve import resolve
from governance.routing.table import Profile, RoutingTable, ShadowPolicy, Target, VirtualKey
from governance.strategies.strategy import Rng
from governance.texts import gettext

REASON = "shadow"
"""Why a copy went where it went: the reason in its record."""


class ShadowRoute(NamedTuple):
    """The plan of a copy, or why none is sent."""

    plan: Plan
    why_not: str = ""
    """A sentence for operators; empty where it is sent."""

    @property
    def candidate(self) -> Candidate:
        return self.plan.candidates[0]


def shadow_route(
    policy: ShadowPolicy,
    request: RoutingRequest,
    profile: Profile,
    key: VirtualKey,
    table: RoutingTable,
    health: HealthReader,
    now: float,
    rng: Rng,
) -> ShadowRoute:
    """Where the copy of a request to `profile` goes; nowhere while its target is not all well."""
    choice = ProfileChoice(_stand_in(policy, profile, table), REASON)
    plan = resolve(request, choice, key, table, health, now, rng)
    for verdict in plan.verdicts:
        if verdict.rejection is not None or verdict.demoted is not None or verdict.share < 1.0:
            return ShadowRoute(plan, verdict.detail)
    return ShadowRoute(plan, "" if plan.candidates else gettext("Nothing can take it."))


def described(policy: ShadowPolicy, route: ShadowRoute) -> dict[str, Any]:
    """What the shadow means for a request, for simulations."""
    sent = gettext("%(percent)s %% of such requests are sent to %(target)s too.") % {
        "percent": f"{policy.percent:g}",
        "target": policy.target,
    }
    return {
        "applies": not route.why_not,
        "target": policy.target,
        "percent": policy.percent,
        "detail": route.why_not or sent,
    }


def _stand_in(policy: ShadowPolicy, profile: Profile, table: RoutingTable) -> Profile:
    """The profile with the shadow's target alone, which is asked once: one object for as long as
    the table is there, since what is worked out of it is remembered by that."""
    memo = ("shadow", profile.id)
    found: Profile | None = table.memo.get(memo)
    if found is None:
        provider, model = policy.place
        found = replace(
            profile,
            targets=(Target(provider=provider, model=model),),
            strategy="ordered_failover",
            local_fallback="never",
            retries=0,
            hedge_after=0.0,
            sticky_sessions=False,
            on_broken_stream="error",
            cache=None,
            shadow=None,
        )
        table.memo.put(memo, found)
    return found
