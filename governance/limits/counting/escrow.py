"""What is left of a limit, shared out among the processes that count it. PURE.

Each process hears of the others a moment late. Were each to use all that seems to be left, they
would pass the amount by what all admit within that moment; so near the amount each uses a part of
it between two tellings, and where others are not heard of any more, no more than its share.
"""

from __future__ import annotations

from math import inf
from typing import Final

NEAR: Final = 0.8
"""The part of an amount from which on what is left is shared out."""
HANDED_OUT: Final = 12
"""Between two tellings each process may use one part in so many of its share. It is e times the
tellings that pass before a process hears what another one used meanwhile: a rate that follows what
is left by no more than that delay comes close to the amount and does not pass it."""
UNKNOWN: Final = -1.0
LAST_ONES: Final = 1.0
"""Seconds between two requests of a process where its part of what is left is less than one."""


class Escrow:
    """Of one counter. Nothing is ever taken back from it: it knows totals, not increments."""

    __slots__ = ("_exposed", "_last_one_at", "_room", "blind", "booked", "sharers")

    def __init__(self, room: float) -> None:
        self.sharers = 0
        """Processes that count this limit, this one among them; 0: nobody has told."""
        self.blind = True
        """Whether others are not heard of any more."""
        self.booked = UNKNOWN
        """What the ledger holds, as was told last."""
        self._exposed = 0.0
        """What this process used and held beside the ledger when all others were heard of last."""
        self._room = room
        """What was left by then."""
        self._last_one_at = -inf

    def told(self, sharers: int, exposed: float, room: float, *, fresh: bool) -> None:
        """What the others use is known now; `fresh`: of all of them."""
        self.blind = not fresh
        if fresh or not self.sharers:
            self.sharers, self._exposed, self._room = sharers, exposed, max(0.0, room)

    def acked(self, amount: float) -> None:
        """So much of what this process used is in the ledger now."""
        self._exposed -= amount

    def begin(self, exposed: float, room: float) -> None:
        """Another window: nothing of it is used."""
        self._exposed, self._room = exposed, room

    def changed(self, more: float) -> None:
        """The amount is another one by so much."""
        self._room = max(0.0, self._room + more)

    def ceiling(self, taken: float, away: float, amount: float) -> float:
        """How far `taken` may go until the next telling; `away` is what others have of it."""
        if self.sharers < 2:
            return amount
        if self.blind:
            return min(amount, self._exposed + self._room / self.sharers + away)
        if taken <= NEAR * amount:
            return amount
        return min(amount, taken + max(0.0, amount - taken) / (self.sharers * HANDED_OUT))

    def may_use_last(self, now: float) -> bool:
        """Whether a request may go beyond the ceiling, since what is left can not be parted."""
        if self.blind or now < self._last_one_at + LAST_ONES:
            return False
        self._last_one_at = now
        return True
