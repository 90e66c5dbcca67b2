"""What weights come to: the part of requests each target of a profile is tried first for."""

from __future__ import annotations

from collections.abc import Sequence

from governance.routing.table import Profile, Target
from governance.routing.verdicts import WILDCARD
from governance.strategies import strategy_named


def shares(profile: Profile, readable: Sequence[bool] = ()) -> list[float | None]:
    """For each target, in their order, a part of one; None where there is none to tell.

    That is so for targets that are switched off, and for all where the strategy draws nothing; and,
    while somebody types, for those that compete with one whose numbers are not `readable`. A
    target competes with the enabled ones that serve the same alias; one that serves every alias is
    told its part of the names no other target was given.
    """
    strategy = strategy_named(profile.strategy)
    pairs = zip(profile.targets, readable, strict=False)
    unread = {id(one) for one, is_readable in pairs if not is_readable}
    found: list[float | None] = []
    for target in profile.targets:
        rivals = [one for one in profile.targets if one.enabled and _competes(one, target)]
        if not (strategy.draws and target.enabled) or any(id(one) in unread for one in rivals):
            found.append(None)
            continue
        chances = strategy.first_probabilities(rivals)
        places = [id(one) for one in rivals]
        found.append(chances[places.index(id(target))])
    return found


def _competes(one: Target, target: Target) -> bool:
    return _alias(one) in ("", _alias(target))


def _alias(target: Target) -> str:
    alias = target.virtual_model.casefold()
    return "" if alias == WILDCARD else alias
