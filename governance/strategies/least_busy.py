"""The target with the fewest requests under way for its weight, of a few drawn by weight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from governance.strategies import weighted
from governance.strategies.strategy import E, HealthView, Rng, Strategy
from governance.texts import gettext_noop

CHOICES: Final = 3
"""With two, one of four equal targets gets an eighth too much of 64 requests; with three, none
gets more than a sixteenth."""


def order(eligible: Sequence[E], health: HealthView, rng: Rng) -> Sequence[E]:
    """Drawn as weighted ones are; of the first few, the least busy comes first.

    The power of a few choices: whoever looked at all of them would send every request of a moment
    to the same one, from every process.
    """
    drawn = list(weighted.order(eligible, health, rng))
    few = [one for one in drawn[:CHOICES] if one.target.weight > 0]
    if len(few) > 1:
        best = min(few, key=lambda one: _load(one, health))
        drawn.remove(best)
        drawn.insert(0, best)
    return drawn


def _load(one: E, health: HealthView) -> float:
    """Requests under way with one more, for each unit of weight."""
    return (health.load(one.provider, one.model) + 1) / one.target.weight


STRATEGY = Strategy(
    name="least_busy",
    label=gettext_noop("Least busy"),
    help=gettext_noop("draws three by weight and takes the one that is least busy for its weight"),
    order=order,
    first_probabilities=weighted.first_probabilities,
    check=weighted.check,
    reads_weight=True,
    draws=True,
    estimates=True,
    extension=True,
    rank=30,
)
