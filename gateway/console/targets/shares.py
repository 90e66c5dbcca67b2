"""What weights come to: the share of requests each target is tried first for. No IO."""

from __future__ import annotations

from collections.abc import Sequence

from governance.models import RoutingTarget
from governance.routing.strategies import first_probabilities
from governance.routing.table import Target
from governance.routing.target_rules import WILDCARD


def share(target: RoutingTarget, targets: Sequence[RoutingTarget]) -> str:
    """The share in percent of one of a weighted profile's targets; nothing when disabled.

    A target competes with those enabled that serve the same alias; one that serves every alias is
    told its share of the names no other target was given.
    """
    if not target.enabled:
        return ""
    alias = _alias(target)
    rivals = [one for one in targets if one.enabled and _alias(one) in ("", alias)]
    chances = first_probabilities(
        [
            Target(
                provider=one.provider,
                priority=one.priority,
                weight=one.weight,
                position=one.position,
            )
            for one in rivals
        ]
    )
    return percent(chances[[one.position for one in rivals].index(target.position)])


def _alias(target: RoutingTarget) -> str:
    alias = target.virtual_model.casefold()
    return "" if alias == WILDCARD else alias


def percent(part: float) -> str:
    """A part of one to a tenth of a percent; what is not nothing does not read as 0 %."""
    if 0 < part < 0.001:
        return "< 0.1 %"
    return f"{part * 100:.1f}".removesuffix(".0") + " %"
