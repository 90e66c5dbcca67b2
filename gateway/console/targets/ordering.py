"""One order of a profile's targets: what is dragged on the page is what priorities say. Pure.

A profile says its order twice, by the places of its targets in the list and by their priorities.
The page shows one order, the one targets are tried in. What comes back is written with as few
changes as there can be: a page that was only opened and saved changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from governance.strategies import strategy_named


class Ranked(Protocol):
    """What a target says about its place."""

    @property
    def priority(self) -> int: ...

    @property
    def weight(self) -> float: ...

    @property
    def position(self) -> int: ...


class Row(NamedTuple):
    """A target on the page, where rows lie in the order they are shown."""

    place: float
    """Where it lies in the list that is saved; infinite for a new one."""
    priority: Any
    """As the profile has it, or as it was typed; None for a new one."""
    weight: Any


class Arranged(NamedTuple):
    """The rows as the profile will list them: indexes of rows, and the priority of each."""

    order: list[int]
    priorities: list[Any]


def in_order(targets: Sequence[Ranked], strategy: str) -> list[int]:
    """The indexes of targets in the order the page shows them."""
    places = range(len(targets))
    if not strategy_named(strategy).reads_priority:
        return sorted(places, key=lambda one: targets[one].position)
    return sorted(
        places,
        key=lambda one: (targets[one].priority, -targets[one].weight, targets[one].position),
    )


def arranged(rows: Sequence[Row], strategy: str) -> Arranged:
    """How the profile says the order that the rows lie in."""
    shown = list(range(len(rows)))
    priorities = _filled([row.priority for row in rows])
    weights = [1 if row.weight is None else row.weight for row in rows]
    if not strategy_named(strategy).reads_priority or not _numbers(priorities, weights):
        return Arranged(shown, priorities)
    before = sorted(shown, key=lambda one: rows[one].place)
    if _tried(before, priorities, weights) == shown:
        return Arranged(before, priorities)
    if _tried(shown, priorities, weights) == shown:
        return Arranged(shown, priorities)
    return Arranged(shown, _renumbered(priorities, weights))


def steps(priorities: Sequence[int]) -> list[bool]:
    """For each target in the order shown: whether a divider belongs above it.

    There is one between two priorities where some targets share theirs; where each has its own,
    or all have the same, the order says everything.
    """
    shared = len(set(priorities)) not in (1, len(priorities))
    return [
        shared and place > 0 and priorities[place - 1] != one
        for place, one in enumerate(priorities)
    ]


def _tried(listed: Sequence[int], priorities: Sequence[Any], weights: Sequence[Any]) -> list[int]:
    """The order that targets listed so are tried in."""
    return sorted(listed, key=lambda one: (priorities[one], -weights[one]))


def _filled(priorities: Sequence[Any]) -> list[Any]:
    """A new target goes with the one above it, the first ones with the first that says anything."""
    held = next((one for one in priorities if one is not None), 0)
    found = []
    for one in priorities:
        held = held if one is None else one
        found.append(held)
    return found


def _renumbered(priorities: Sequence[int], weights: Sequence[float]) -> list[int]:
    """From 0; neighbours that shared a priority still do, unless their weights say otherwise."""
    found = [0]
    for place in range(1, len(priorities)):
        same = priorities[place] == priorities[place - 1] and weights[place] <= weights[place - 1]
        found.append(found[-1] + (0 if same else 1))
    return found


def _numbers(priorities: Sequence[Any], weights: Sequence[Any]) -> bool:
    """What cannot be read is left to the rules, which tell it at its field."""
    return all(type(one) is int for one in priorities) and all(
        isinstance(one, int | float) for one in weights
    )
