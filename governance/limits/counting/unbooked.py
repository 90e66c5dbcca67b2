"""What was used and is not in the ledger yet, by the numbers of its records. PURE."""

from __future__ import annotations

from bisect import bisect_right, insort
from typing import NamedTuple


class Unbooked(NamedTuple):
    """What records of one process add to a counter."""

    numbers: list[int]
    """Of the records, in their order."""
    amounts: list[float]
    """What they have added up to with each of them."""
    booked: float = 0.0
    """So much of it the ledger holds by now."""

    @property
    def first(self) -> int:
        return self.numbers[0]


def note(pending: list[Unbooked], records: Unbooked) -> None:
    """Adds what waits for the ledger; `pending` is kept by the first numbers."""
    if not pending or pending[-1].first <= records.first:
        pending.append(records)
    else:
        insort(pending, records, key=_first)


def booked(pending: list[Unbooked], seen: int) -> float:
    """What the ledger holds now that it has the records up to this number; it waits no longer."""
    amount, count = 0.0, 0
    left: list[Unbooked] = []
    for one in pending:
        if one.first > seen:
            break
        count += 1
        place = bisect_right(one.numbers, seen)
        up_to = one.amounts[place - 1]
        amount += up_to - one.booked
        if place < len(one.numbers):
            left.append(one._replace(booked=up_to))
    pending[:count] = left
    return amount


def _first(records: Unbooked) -> int:
    return records.first
