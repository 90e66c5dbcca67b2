"""Admitting a request by the limits that bind it, and settling what it used. PURE.

All counters are looked at before any is touched, on one thread: a refusal leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import inf
from typing import NamedTuple

from governance.limits.counting.amounts import ARRIVALS, amounts_of
from governance.limits.counting.counter import Counter
from governance.limits.counting.escrow import LAST_ONES
from governance.limits.limit import LimitEntry
from governance.limits.measure import Consumption


class Exceeded(NamedTuple):
    """Why there is no lease: the limit that has no room."""

    limit: LimitEntry
    used: float
    """As the limit counts, what is held by requests under way included."""
    amount: float
    frees_at: float
    """Unix time; infinity where waiting never helps."""
    unpriced: bool = False
    """What it would cost is not known, and the limit takes no such requests."""
    shared_out: bool = False
    """Something is left, but not for this process at this moment."""


class Lease:
    """What a request, or one attempt of it, holds until it is settled."""

    __slots__ = ("amounts", "apart", "at", "counters", "expires")

    def __init__(
        self,
        counters: Sequence[Counter],
        amounts: list[float],
        apart: dict[int, float] | None,
        at: float,
        expires: float,
    ) -> None:
        self.counters = counters
        self.amounts = amounts
        """What is held of each counter, by its place among measures."""
        self.apart = apart
        """What is held of those of which it is another amount, by their place."""
        self.at = at
        self.expires = expires

    def held(self, place: int) -> float:
        """Of the counter at this place."""
        if self.apart is not None and place in self.apart:
            return self.apart[place]
        return self.amounts[self.counters[place].slot]


def admit(
    counters: Sequence[Counter],
    full: Consumption,
    least: Consumption,
    now: float,
    lasts: float = 3600.0,
) -> Lease | Exceeded:
    """A lease of `full`, or of what is left where only `least` of it fits.

    `least` is what the request uses at least: its prompt. `lasts` are the seconds after which the
    lease has lapsed, whatever becomes of the request.
    """
    amounts = amounts_of(full)
    if take(counters, amounts, now):
        return Lease(counters, amounts, None, now, now + lasts)
    return admit_near(counters, amounts, full, least, now, lasts)


def take(counters: Sequence[Counter], amounts: Sequence[float], now: float) -> bool:
    """Takes as much of each counter, if none of them is near its amount or asks for a closer look;
    whether that is so. Otherwise nothing is taken."""
    for counter in counters:
        if now >= counter.due:
            counter.turn(now)
        if counter.taken + amounts[counter.slot] > counter.ceiling:
            return False
    for counter in counters:
        if counter.by_arrival:
            counter.use(amounts[ARRIVALS], now)
        else:
            counter.taken += amounts[counter.slot]
    return True


def admit_near(
    counters: Sequence[Counter],
    amounts: list[float],
    full: Consumption,
    least: Consumption,
    now: float,
    lasts: float,
) -> Lease | Exceeded:
    """As `admit` where a limit is near its amount, or counts in a way of its own."""
    apart: dict[int, float] = {}
    for place, counter in enumerate(counters):
        if now >= counter.due:
            counter.turn(now)
        if counter.taken + amounts[counter.slot] > counter.ceiling:
            found = _beyond(counter, full, least, now)
            if isinstance(found, Exceeded):
                return found
            apart[place] = found
    for place, counter in enumerate(counters):
        amount = apart.get(place, amounts[counter.slot])
        if counter.by_arrival:
            counter.use(amount, now)
        else:
            counter.taken += amount
    return Lease(counters, amounts, apart, now, now + lasts)


def _beyond(
    counter: Counter, full: Consumption, least: Consumption, now: float
) -> float | Exceeded:
    """What is held of a limit that is near its amount, or counts in a way of its own."""
    limit = counter.limit
    need, smallest = counter.amount_for(full), counter.amount_for(least)
    refuses = counter.refuses
    if need is None or smallest is None:
        if refuses:
            return Exceeded(limit, counter.taken, counter.amount, counter.end, unpriced=True)
        return 0.0
    taken, amount, ceiling = counter.taken, counter.amount, counter.ceiling
    if taken + need <= ceiling or not refuses:
        return need
    if taken + smallest > amount or taken >= amount:
        return Exceeded(limit, taken, amount, counter.frees_at(smallest, now))
    within = taken + smallest <= ceiling and taken < ceiling
    if within or counter.escrow is None or counter.escrow.may_use_last(now):
        return min(need, amount - taken)
    return Exceeded(limit, taken, amount, now + LAST_ONES, shared_out=True)


def exceeded(counters: Iterable[Counter], least: Consumption, now: float) -> Exceeded | None:
    """The first limit of any enforcement that has no room for `least`; nothing is held."""
    for counter in counters:
        if now >= counter.due:
            counter.turn(now)
        need = counter.amount_for(least) or 0.0
        if counter.taken + need > counter.amount or counter.taken >= counter.amount:
            frees = counter.frees_at(need, now)
            return Exceeded(counter.limit, counter.taken, counter.amount, frees)
    return None


def raise_to(lease: Lease, full: Consumption, least: Consumption, now: float) -> Exceeded | None:
    """Holds as much as the candidate at hand would use, if that is more, or what is left where only
    `least` of it fits; nothing more where that does not fit either.

    For a failover to a dearer model. What admission held of a limit that is near its amount is less
    than `full` to begin with, and that is no reason to refuse the request now.
    """
    more: dict[int, float] = {}
    for place, counter in enumerate(lease.counters):
        if counter.by_arrival:
            continue
        held = lease.held(place)
        need = counter.amount_for(full)
        extra = 0.0 if need is None else need - held
        if extra <= 0:
            continue
        if counter.limit.enforcement == "refuse" and counter.taken + extra > counter.amount:
            others, smallest = counter.taken - held, counter.amount_for(least) or 0.0
            if others >= counter.amount or others + smallest > counter.amount:
                frees = counter.frees_at(extra, now)
                return Exceeded(counter.limit, counter.taken, counter.amount, frees)
            extra = max(0.0, counter.amount - counter.taken)
        more[place] = held + extra
    for place, amount in more.items():
        lease.counters[place].hold(amount - lease.held(place))
    if more:
        lease.apart = {**(lease.apart or {}), **more}
    return None


def settle(
    lease: Lease, used: Sequence[Consumption], now: float, number: int = 0
) -> list[tuple[Counter, float]]:
    """Ends the lease: what was held is free, and what was used counts.

    What comes back is what the ledger will hold of it, by the record of this `number`.

    `used` has an entry for each attempt that used anything, each with a cost of its own. In a
    window that has ended meanwhile nothing is counted: the ledger does that.
    """
    counters, lease_at = lease.counters, lease.at
    give_back(lease)
    sums = sums_of(used)
    counted: list[tuple[Counter, float]] = []
    for counter in counters if used else ():
        if counter.by_arrival:
            continue
        if now >= counter.due:
            counter.turn(now)
        if not counter.slides and counter.begin > lease_at:
            continue
        amount = sums[counter.slot]
        if amount == inf:
            amount = sum(counter.amount_for(one) or 0.0 for one in used)
        if amount:
            counter.use(amount, now, number)
            if counter.of_ledger:
                counted.append((counter, amount))
    return counted


def sums_of(used: Sequence[Consumption]) -> list[float]:
    """What attempts come to together, by the place of each measure."""
    if len(used) == 1:
        return amounts_of(used[0])
    return [sum(one) for one in zip(*map(amounts_of, used), strict=True)]


def give_back(lease: Lease) -> None:
    """Ends a lease of which nothing was used: a request that was never sent."""
    counters, apart, amounts = lease.counters, lease.apart, lease.amounts
    lease.counters = ()
    for place, counter in enumerate(counters):
        if not counter.by_arrival:
            amount = amounts[counter.slot]
            counter.hold(-(amount if apart is None else apart.get(place, amount)))
