"""The order in which the targets of a profile are tried."""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum
from typing import Protocol, TypeVar

from governance.routing.table import Target

T = TypeVar("T")


class Rng(Protocol):
    """The part of `random.Random` that routing draws from."""

    def random(self) -> float:
        """A number from 0 up to, but not including, 1."""


def failover_key(target: Target) -> tuple[int, float, int]:
    """Sorts targets for `ordered_failover`: priority up, then weight down, then position."""
    return target.priority, -target.weight, target.position


def ordered_failover(targets: Sequence[Target]) -> list[Target]:
    """Targets in their fixed order."""
    return sorted(targets, key=failover_key)


def weighted(targets: Sequence[Target], rng: Rng) -> list[Target]:
    """Targets drawn without replacement, each in proportion to its weight among those left.

    The first is the primary, the others its fallback chain. Targets of weight 0 come after all
    others, in the order of `ordered_failover`.
    """
    ordered = ordered_failover(targets)
    return draw(ordered, [target.weight for target in ordered], rng)


def draw(items: Sequence[T], weights: Sequence[float], rng: Rng) -> list[T]:
    """`items` drawn without replacement in proportion to `weights`; those of weight 0 last.

    Asks the rng once less than there are positive weights. What comes out of a subset follows
    the same law as drawing that subset alone, so dropping items afterwards is fair.
    """
    pool = [index for index, weight in enumerate(weights) if weight > 0]
    drawn: list[T] = []
    while len(pool) > 1:
        point = rng.random() * sum([weights[index] for index in pool])
        for place, index in enumerate(pool):  # noqa: B007 - rounding may leave the last one
            point -= weights[index]
            if point < 0:
                break
        drawn.append(items[pool.pop(place)])
    drawn += [items[index] for index in pool]
    if len(drawn) < len(items):
        drawn += [item for item, weight in zip(items, weights, strict=True) if weight <= 0]
    return drawn


def first_probabilities(targets: Sequence[Target]) -> list[float]:
    """For each target, in the order given, the probability that `weighted` puts it first."""
    total = fsum(target.weight for target in targets)
    if total > 0:
        return [target.weight / total for target in targets]
    first = min(targets, key=failover_key, default=None)
    return [1.0 if target is first else 0.0 for target in targets]
