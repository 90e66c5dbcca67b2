"""The target at which a request is expected to cost least, by list prices."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from governance.strategies.strategy import E, HealthView, Rng, Strategy, Weighed, failover_key
from governance.texts import gettext_noop


def order(eligible: Sequence[E], health: HealthView, rng: Rng) -> Sequence[E]:
    """The cheapest first; of equal prices, and where none is known, as the operator ordered them.

    A target without a known price comes last: it may be the dearest.
    """
    return sorted(eligible, key=lambda one: _price(one.cost))


def first_probabilities(targets: Sequence[Weighed]) -> list[float]:
    """The cheapest is certain, for the request whose costs the targets bear."""

    def place(one: Weighed) -> tuple[float, int, float, int]:
        return (_price(one.cost), *failover_key(one))

    first = min(targets, key=place, default=None)
    return [1.0 if target is first else 0.0 for target in targets]


def _price(cost: float | None) -> float:
    return inf if cost is None else cost


STRATEGY = Strategy(
    name="cheapest",
    label=gettext_noop("Cheapest"),
    help=gettext_noop(
        "begins at the target at which the request is expected to cost least by its list "
        "price; a target whose price is not known comes last"
    ),
    order=order,
    first_probabilities=first_probabilities,
    reads_prices=True,
    estimates=True,
    extension=True,
    rank=50,
)
