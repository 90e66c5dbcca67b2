"""Targets in their fixed order: priority, then weight, then as the operator listed them."""

from __future__ import annotations

from collections.abc import Sequence

from governance.strategies.strategy import E, HealthView, Rng, Strategy, Weighed, failover_key
from governance.texts import gettext_noop


def order(eligible: Sequence[E], health: HealthView, rng: Rng) -> Sequence[E]:
    return eligible


def first_probabilities(targets: Sequence[Weighed]) -> list[float]:
    first = min(targets, key=failover_key, default=None)
    return [1.0 if target is first else 0.0 for target in targets]


STRATEGY = Strategy(
    name="ordered_failover",
    label=gettext_noop("Ordered failover"),
    help=gettext_noop("tries targets by priority"),
    order=order,
    first_probabilities=first_probabilities,
    is_fixed=True,
    reads_weight=True,
    reads_priority=True,
    rank=10,
)
