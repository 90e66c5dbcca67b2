"""Rules that no request comes to, since one above them always holds. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Protocol


class Ruled(Protocol):
    """What a rule says."""

    pk: int
    name: str
    profile: str
    enabled: bool
    conditions: list[Mapping[str, object]]


def covered(rules: Iterable[Ruled], handles: Set[str]) -> dict[int, str]:
    """By key, the name of the rule above that takes every request; `rules` lie in their order.

    A rule without conditions always holds, as long as it is on and its profile is there: those
    are asked for by `handles`, casefolded.
    """
    found: dict[int, str] = {}
    above = ""
    for rule in rules:
        if above:
            found[rule.pk] = above
        elif rule.enabled and not rule.conditions and rule.profile.casefold() in handles:
            above = rule.name
    return found
