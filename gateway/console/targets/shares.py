"""The share of requests each target is tried first for, in words. No IO."""

from __future__ import annotations

from collections.abc import Sequence

from governance.models import RoutingTarget
from governance.routing.shares import shares
from governance.routing.table import Profile, Target


def share(target: RoutingTarget, targets: Sequence[RoutingTarget]) -> str:
    """The share in percent of one of a profile's saved targets; nothing where there is none."""
    held = tuple(
        Target(
            provider=one.provider,
            virtual_model=one.virtual_model,
            priority=one.priority,
            weight=one.weight,
            enabled=one.enabled,
            position=one.position,
        )
        for one in targets
    )
    profile = Profile("", "", "", held, target.profile.strategy)
    found = shares(profile)[[one.position for one in targets].index(target.position)]
    return "" if found is None else percent(found)


def percent(part: float) -> str:
    """A part of one to a tenth of a percent; what is not nothing does not read as 0 %."""
    if 0 < part < 0.001:
        return "< 0.1 %"
    return f"{part * 100:.1f}".removesuffix(".0") + " %"
