"""When another target is asked beside a slow one, and how often a try is made again. PURE."""

from __future__ import annotations

from typing import Final

from governance.routing.plan import Candidate
from governance.routing.request import RoutingRequest
from governance.routing.table import Profile

HEDGE_AFTER: Final = 10.0
"""Seconds without a first token, where nothing was set by hand: for streams alone, since of a
whole answer no first token is to be expected."""


def hedge_after(profile: Profile, candidate: Candidate, request: RoutingRequest) -> float | None:
    """Seconds without a first token of this candidate after which the next is asked too.

    None for never: also where the request asks for reasoning, which takes its time.
    """
    target = candidate.target
    if target is None or "reasoning" in request.required_capabilities:
        return None
    wanted = profile.hedge_after if target.hedge_after is None else target.hedge_after
    if wanted is None:
        return HEDGE_AFTER if request.stream else None
    return wanted or None


def allowed_retries(setting: int | None, *, is_last: bool) -> int:
    """How often a try at one candidate may be made again, by the profile's setting."""
    return int(is_last) if setting is None else setting
