"""What was used and is not in the ledger yet, by the numbers of its records. PURE."""

from __future__ import annotations

from bisect import bisect_right
from math import inf
from typing import NamedTuple


class Unbooked(NamedTuple):
    """What records of one process add to a counter together."""

    numbers: list[int]
    """Of the records, in their order."""
    amounts: list[float]
    """What they have added up to with each of them."""
    booked: float = 0.0
    """So much of it the ledger holds by now."""


def booked(pending: list[tuple[int, float]], seen: int) -> float:
    """What the ledger holds now that it has the records up to this number; it waits no longer.

    `pending` has numbers of records, in their order, and what each adds.
    """
    if not pending or pending[0][0] > seen:
        return 0.0
    count = bisect_right(pending, (seen, inf))
    amount = sum([one for _, one in pending[:count]])
    del pending[:count]
    return amount


def batches_booked(batches: list[Unbooked], seen: int) -> float:
    """The same of records that were noted together."""
    amount = 0.0
    left: list[Unbooked] = []
    for one in batches:
        place = bisect_right(one.numbers, seen)
        up_to = one.amounts[place - 1] if place else 0.0
        amount += up_to - one.booked
        if place < len(one.numbers):
            left.append(one._replace(booked=up_to))
    batches[:] = left
    return amount
