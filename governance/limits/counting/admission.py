"""Admitting a request by the limits that bind it, and settling what it used. PURE.

All counters are looked at before any is touched, on one thread: a refusal leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from governance.limits.counting.counter import Counter, amounts_of
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


class Hold(NamedTuple):
    """What is held of one counter, in the window that began then."""

    counter: Counter
    amount: float
    begin: float


class Lease:
    """What a request, or one attempt of it, holds until it is settled."""

    __slots__ = ("expires", "holds")

    def __init__(self, holds: list[Hold], expires: float) -> None:
        self.holds = holds
        self.expires = expires


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
    holds: list[Hold] = []
    for counter in counters:
        if now >= counter.due:
            counter.turn(now)
        if counter.plain:
            need = amounts[counter.slot]
            if counter.taken + need <= counter.amount:
                holds.append(Hold(counter, need, counter.begin))
                continue
        found = _beyond(counter, full, least, now)
        if isinstance(found, Exceeded):
            return found
        holds.append(found)
    for counter, amount, _ in holds:
        if counter.slides and counter.limit.measure == "requests":
            # It is the moment of their arrival that counts in a window which slides.
            counter.use(amount, now)
        else:
            counter.held += amount
            counter.taken += amount
        counter.touched = now
    return Lease(holds, now + lasts)


def _beyond(counter: Counter, full: Consumption, least: Consumption, now: float) -> Hold | Exceeded:
    """A hold of one limit that is near its amount, or counts in a way of its own."""
    limit = counter.limit
    need, smallest = counter.amount_for(full), counter.amount_for(least)
    refuses = limit.enforcement == "refuse"
    if need is None or smallest is None:
        if refuses:
            return Exceeded(limit, counter.taken, counter.amount, counter.end, unpriced=True)
        return Hold(counter, 0.0, counter.begin)
    if counter.taken + need <= counter.amount or not refuses:
        return Hold(counter, need, counter.begin)
    if counter.taken + smallest <= counter.amount and counter.taken < counter.amount:
        return Hold(counter, counter.amount - counter.taken, counter.begin)
    return Exceeded(limit, counter.taken, counter.amount, counter.frees_at(smallest, now))


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


def raise_to(lease: Lease, full: Consumption, now: float) -> Exceeded | None:
    """Holds as much as another candidate would use, if that is more; nothing where it does not fit.

    For a failover to a dearer model.
    """
    more: list[tuple[int, float]] = []
    for place, (counter, held, _) in enumerate(lease.holds):
        if counter.slides and counter.limit.measure == "requests":
            continue
        need = counter.amount_for(full)
        if need is None:
            need = held
        extra = need - held
        if extra <= 0:
            continue
        if counter.limit.enforcement == "refuse" and counter.taken + extra > counter.amount:
            frees = counter.frees_at(extra, now)
            return Exceeded(counter.limit, counter.taken, counter.amount, frees)
        more.append((place, extra))
    for place, extra in more:
        counter, held, begin = lease.holds[place]
        counter.hold(extra)
        lease.holds[place] = Hold(counter, held + extra, begin)
    return None


def settle(
    lease: Lease, used: Sequence[Consumption], now: float, number: int = 0
) -> list[tuple[Counter, float]]:
    """Ends the lease: what was held is free, and what was used counts.

    What comes back is what the ledger will hold of it, by the record of this `number`.

    `used` has an entry for each attempt that used anything, each with a cost of its own. In a
    window that has ended meanwhile nothing is counted: the ledger does that.
    """
    holds, lease.holds = lease.holds, []
    counted: list[tuple[Counter, float]] = []
    for counter, held, begin in holds:
        if counter.slides and counter.limit.measure == "requests":
            continue
        counter.release(held)
        if counter.slides:
            if now >= counter.due:
                counter.turn(now)
        elif begin != counter.begin:
            continue
        amount = sum(counter.amount_for(one) or 0.0 for one in used)
        counter.use(amount, now, number)
        if counter.of_ledger and amount:
            counted.append((counter, amount))
    return counted


def give_back(lease: Lease) -> None:
    """Ends a lease of which nothing was used: a request that was never sent."""
    holds, lease.holds = lease.holds, []
    for counter, held, _ in holds:
        if not (counter.slides and counter.limit.measure == "requests"):
            counter.release(held)
