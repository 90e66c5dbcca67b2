"""Targets drawn by weight, the whole chain of them for each request."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import fsum, inf, log
from typing import Any, TypeVar

from governance.strategies import ordered_failover
from governance.strategies.strategy import Complaint, E, HealthView, Rng, Strategy, Weighed
from governance.texts import gettext, gettext_noop

T = TypeVar("T")


def order(eligible: Sequence[E], health: HealthView, rng: Rng) -> Sequence[E]:
    """Drawn without replacement, each in proportion to its weight among those left.

    The first is the primary, the others its fallback chain. Targets of weight 0 come after all
    others, in the order they were given in.
    """
    return draw(eligible, [one.target.weight for one in eligible], rng)


def order_of_session(eligible: Sequence[E], lot: Callable[[E], float]) -> Sequence[E]:
    """Rendezvous hashing: the same law as `order`, and the same order for a session each time.

    Of targets that race with these lots, each arrives first in proportion to its weight (an
    exponential race); a target that leaves or comes moves no other session.
    """

    def arrives(one: E) -> float:
        weight = one.target.weight
        return -log(lot(one)) / weight if weight > 0 else inf

    return sorted(eligible, key=arrives)


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


def first_probabilities(targets: Sequence[Weighed]) -> list[float]:
    total = fsum(target.weight for target in targets)
    if total > 0:
        return [target.weight / total for target in targets]
    return ordered_failover.first_probabilities(targets)


def check(document: Mapping[str, Any]) -> Iterable[Complaint]:
    """Some target must have a weight, else nothing can be drawn."""
    if all(_is_zero(target) for target in document["targets"]):
        message = gettext("A weighted profile needs a target whose weight is above 0.")
        yield Complaint("targets", "weights", message)


def _is_zero(target: object) -> bool:
    """Whether a target's weight is 0; an absent one is 1, and one of a wrong type was noted."""
    weight = target.get("weight") if isinstance(target, Mapping) else None
    return isinstance(weight, int | float) and not isinstance(weight, bool) and weight == 0


STRATEGY = Strategy(
    name="weighted",
    label=gettext_noop("Weighted"),
    help=gettext_noop("draws among them by weight, and draws the order of the others too"),
    order=order,
    first_probabilities=first_probabilities,
    check=check,
    order_of_session=order_of_session,
    reads_weight=True,
    draws=True,
    rank=20,
)
