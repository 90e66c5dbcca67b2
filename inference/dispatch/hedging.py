"""When another target is asked beside one that is slow to begin."""

from __future__ import annotations

from typing import Final

from governance.routing.plan import Candidate
from governance.routing.request import RoutingRequest
from governance.routing.table import Profile

DEFAULT: Final = 10.0
"""Seconds without a first token, where nothing was set by hand: for streams alone, since of a
whole answer no first token is to be expected."""


def hedge_after(profile: Profile, candidate: Candidate, request: RoutingRequest) -> float | None:
    """Seconds without a first token of this candidate after which the next is asked too.

    None for never: also where the request asks for reasoning, which takes its time.
    """
    target = candidate.target
    if target is None or "reasoning" in request.needs:
        return None
    wanted = profile.hedge_after if target.hedge_after is None else target.hedge_after
    if wanted is None:
        return DEFAULT if request.stream else None
    return wanted or None
