"""The target that was quickest lately, by its time to the first token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from governance.strategies import ordered_failover
from governance.strategies.strategy import E, HealthView, Rng, Strategy, Weighed
from governance.texts import gettext_noop

EXPLORED: Final = 0.05
"""Share of requests that begin at another target, so that one which has become quick is seen."""


def order(eligible: Sequence[E], health: HealthView, rng: Rng) -> Sequence[E]:
    """The quickest first; targets nothing is known of come before all others, to be known.

    Of the others one is drawn now and then.
    """
    times = {id(one): health.seconds(one.provider, one.model) for one in eligible}
    ranked = sorted(eligible, key=lambda one: times[id(one)])
    if len(ranked) > 1 and times[id(ranked[0])] > 0 and rng.random() < EXPLORED:
        place = 1 + int(rng.random() * (len(ranked) - 1))
        ranked.insert(0, ranked.pop(place))
    return ranked


def first_probabilities(targets: Sequence[Weighed]) -> list[float]:
    """Without what was measured, the first of the operator's order is as good as any."""
    return ordered_failover.first_probabilities(targets)


STRATEGY = Strategy(
    name="fastest",
    label=gettext_noop("Fastest"),
    help=gettext_noop(
        "begins at the target whose first tokens came quickest lately, and tries another "
        "one in one request of twenty"
    ),
    order=order,
    first_probabilities=first_probabilities,
    estimates=True,
    extension=True,
    draws=True,
    rank=40,
)
