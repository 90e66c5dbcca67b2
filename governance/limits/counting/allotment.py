"""What a key may use without a look at each counter: a part taken from all of them at once. PURE.

A request that is bound by many limits would touch every counter twice. While requests come fast, a
part of what is left is taken from all counters together, and requests are admitted and settled by
that alone: a number for each measure. It ends after a moment, where a window turns, and before
anybody looks at the counters, so that whoever looks finds what was used and held, exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import accumulate
from math import inf
from operator import add, itemgetter, sub
from typing import Any, Final, NamedTuple, Self, overload

from governance.limits.counting.admission import (
    Exceeded,
    Lease,
    admit_near,
    exceeded,
    raise_to,
    settle,
    sums_of,
    take,
)
from governance.limits.counting.amounts import APART, ARRIVALS, amounts_of
from governance.limits.counting.counter import Counter
from governance.limits.counting.unbooked import Unbooked
from governance.limits.measure import Consumption

LASTS: Final = 0.1
"""Seconds."""
BUSY: Final = 8
"""Requests within that time from which on it pays."""
AHEAD: Final = 4
"""Times what the last one came to are taken."""
PART: Final = 1 / 16
"""Of what is left, at most, so that there is something for others."""

Place = tuple[int, str, float, int]
"""A limit, its scope, when the window begins, and the place among the amounts of a `Tally`."""


class TallyPlaces(tuple[Place, ...]):
    """Those of all records of a key in the same windows."""

    encoded: Any = None
    """What its writer keeps of it."""


class Tally(NamedTuple):
    """What a record adds to limits whose sums the ledger knows."""

    places: tuple[Place, ...]
    amounts: Sequence[float]


_tally: Final = partial(tuple.__new__, Tally)
"""Half the time of `Tally()`, which there is one of for each request."""


class Allotments:
    """Those that are open, of all keys of a process."""

    def __init__(self) -> None:
        self._open: dict[int, BoundCounters] = {}
        """By their identity: others may be of the same counters."""
        self.due = inf
        """When one of them must have ended."""

    def opened(self, bound: BoundCounters, until: float) -> None:
        self._open[id(bound)] = bound
        self.due = min(self.due, until)

    def end(self, bound: BoundCounters) -> None:
        """Ends this one."""
        del self._open[id(bound)]
        bound.close()

    def fold(self) -> None:
        """Ends all of them: counters hold what was used and is held, and no more."""
        if self._open:
            ended, self._open, self.due = self._open, {}, inf
            for one in ended.values():
                one.close()

    def ended(self, now: float) -> None:
        """Ends them where one of them must have ended, so that a window may turn."""
        if now >= self.due:
            self.fold()

    def fold_over(self, counters: Iterable[Counter]) -> bool:
        """The same where any holds something of these; whether that is so."""
        found = any(one.allotted for one in counters)
        if found:
            self.fold()
        return found

    def unfolded(self, counter: Counter) -> tuple[float, float]:
        """What is held of a counter by nobody, and what was used of that. For other threads."""
        free = spent = 0.0
        for bound in list(self._open.values()) if counter.allotted else ():
            if counter in bound:
                left, used = bound.stand(counter.slot)
                free, spent = free + left, spent + used
        return free, spent


class BoundCounters(Sequence[Counter]):
    """Those of the limits that bind a request, what some of these ask for, and their allotment."""

    # With slots, and no tuple itself: of a tuple the attributes are found four times as slowly.
    __slots__ = (
        *("strict", "diverting", "warning", "until", "place_of", "free", "forms", "_counters"),
        *("_others", "_of", "_pays", "_opened", "_since", "_ends", "_told", "_asked"),
        *("_asked_until", "_admitted", "_is_new", "_size", "_numbers", "_used", "_places"),
        "_tightest",
    )

    free: tuple[float, ...]
    """What is left of the allotment, by the places of `place_of`, as all that is kept of it."""
    forms: dict[str, Any]
    """What its reader keeps while there is an allotment."""
    _size: tuple[float, ...]
    _numbers: list[int]
    _used: list[tuple[float, ...]]
    """What was used, by the numbers of records."""
    _tightest: tuple[Counter, ...]
    """Of each measure, the counter of which the least part was left when it was opened."""

    def __init__(
        self,
        counters: Iterable[Counter] = (),
        others: Allotments | None = None,
        *,
        lasts: bool = False,
    ) -> None:
        """`others` are the allotments of the same counters; `lasts`: requests to come share it."""
        self._counters = made = tuple(counters)
        self.strict = any(one.limit.strict for one in made)
        """Some refuse where it is not known what others use."""
        self.diverting = tuple([one for one in made if one.limit.enforcement == "divert"])
        self.warning = tuple([one for one in made if one.limit.warn_at])
        """Those of which operators are warned."""
        self._told = tuple([one for one in made if one.limit.enforcement != "warn"])
        """Those of which callers are told."""
        self._others = Allotments() if others is None else others
        slots = sorted({one.slot for one in made})
        self.place_of = {slot: place for place, slot in enumerate(slots)}
        """Of measures, by their places among all, the places among those that are counted here."""
        self._pays = lasts and bool(made) and APART not in slots
        # Of a single one it would give no tuple.
        self._of: Callable[[Sequence[float]], tuple[float, ...]] = (
            itemgetter(*slots, *slots[:1]) if slots else tuple
        )
        """From amounts by every measure those that are counted here."""
        self.until = self._opened = 0.0
        """When the allotment ends; 0 without one."""
        self._since = self._ends = 0.0
        """When the latest window of the calendar began, so that earlier leases belong to another
        one, and when the first of them ends."""
        self._places = TallyPlaces()
        self._asked, self._asked_until = 0, 0.0
        """Requests without an allotment, and until when they are counted."""
        self._admitted = 0
        """Requests of the present allotment, or of the last one."""
        self._is_new = True
        """Whether anything was counted but by an allotment since warnings were looked for."""

    def __len__(self) -> int:
        return len(self._counters)

    def __iter__(self) -> Iterator[Counter]:
        return iter(self._counters)

    @overload
    def __getitem__(self, place: int) -> Counter: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Counter]: ...
    def __getitem__(self, place: int | slice) -> Counter | Sequence[Counter]:
        return self._counters[place]

    def admit(
        self, full: Consumption, least: Consumption, now: float, lasts: float = 3600.0
    ) -> Lease | Exceeded:
        """As `admission.admit`. What is held for requests to come is given back before any is found
        to have too little left."""
        amounts = amounts_of(full)
        lease = self.take(amounts, now, lasts, diverts=False)
        if lease is not None:
            return lease
        self._others.fold_over(self)
        return admit_near(self, amounts, full, least, now, lasts)

    def take(
        self, amounts: list[float], now: float, lasts: float, *, diverts: bool = True
    ) -> Lease | None:
        """A lease of these amounts, out of the allotment where there is one; None where any counter
        asks for a closer look. `diverts`: one that diverts does, where there is no allotment."""
        if now < self.until:
            free = tuple(map(sub, self.free, self._of(amounts)))
            if min(free) >= 0:
                self.free = free
                self._admitted += 1
                return Lease(self, amounts, None, now, now + lasts)
            self._others.end(self)
        if now >= self._others.due:
            self._others.fold()
        if (diverts and self.diverting) or not take(self._counters, amounts, now):
            return None
        if now >= self._ends:
            self._begin_windows()
        if now >= self._asked_until:
            self._asked, self._asked_until = 1, now + LASTS
        else:
            self._asked += 1
            if self._asked >= BUSY and self._pays:
                self._open(amounts, now)
        return Lease(self, amounts, None, now, now + lasts)

    def settle(
        self, lease: Lease, used: Sequence[Consumption], now: float, number: int = 0
    ) -> Tally | None:
        """As `admission.settle`; what comes back is what the ledger will hold of it."""
        if used:
            sums = sums_of(used)
            tally = None if inf in self._of(sums) else self.put_back(lease, sums, now, number)
            if tally is not None:
                return tally if tally.places else None
        self._others.ended(now)
        self._is_new = True
        counted = settle(lease, used, now, number)
        places = [
            (one.limit.id, one.scope, one.begin, place) for place, (one, _) in enumerate(counted)
        ]
        return Tally(tuple(places), [amount for _, amount in counted]) if counted else None

    def put_back(self, lease: Lease, used: list[float], now: float, number: int) -> Tally | None:
        """Settles a lease by what was used of each measure; None where that asks for a closer look
        at any counter."""
        is_plain = lease.counters is self and lease.apart is None and lease.at >= self._since
        if not is_plain or now >= self._ends:
            return None
        # Of what counts from its arrival on nothing is given back.
        held = lease.amounts
        used[ARRIVALS] = held[ARRIVALS]
        mine = self._of(used)
        if now < self.until and number:
            free = tuple(map(sub, map(add, self.free, self._of(held)), mine))
            if min(free) >= 0:
                self.free, lease.counters = free, ()
                self._numbers.append(number)
                self._used.append(mine)
                return _tally((self._places, mine))
        if now >= self._others.due:
            self._others.fold()
        self._is_new, lease.counters = True, ()
        for counter in self._counters:
            if not counter.by_arrival:
                slot = counter.slot
                mine_held = held[slot]
                if now >= counter.due:
                    counter.hold(-mine_held)
                    counter.turn(now)
                    mine_held = 0.0
                counter.use(used[slot], now, number, mine_held)
        return _tally((self._places, mine))

    def exceeded(self, least: Consumption, now: float) -> Exceeded | None:
        """As `admission.exceeded`."""
        return exceeded(self.exact(now), least, now)

    def used_up(self, least: Consumption, now: float) -> Exceeded | None:
        """The same of those that divert."""
        self._others.ended(now)
        found = exceeded(self.diverting, least, now)
        if found is not None and self._others.fold_over(self.diverting):
            return exceeded(self.diverting, least, now)
        return found

    def crossed(self, now: float) -> list[tuple[Counter, float]]:
        """Counters and the percents of them that were passed since this was asked last. An
        allotment never takes a counter past one."""
        found: list[tuple[Counter, float]] = []
        if not self._is_new or not self.warning:
            return found
        self._is_new = False
        self._others.ended(now)
        for one in self.warning:
            for percent in one.limit.warn_at:
                if percent in one.warned or one.share(now) < percent:
                    continue
                if not self._others.fold_over((one,)) or one.share(now) >= percent:
                    one.warned.add(percent)
                    found.append((one, percent))
        return found

    def raise_to(
        self, lease: Lease, full: Consumption, least: Consumption, now: float
    ) -> Exceeded | None:
        """As `admission.raise_to`."""
        self._others.ended(now)
        self._others.fold_over(self)
        return raise_to(lease, full, least, now)

    def told(self, now: float) -> list[tuple[Counter, float]]:
        """Counters that callers are told of, and what is used and held of each: while there is an
        allotment, of each measure the one of which the least part is left."""
        if now < self.until:
            free, place_of = self.free, self.place_of
            return [(one, one.taken - free[place_of[one.slot]]) for one in self._tightest]
        if now >= self._others.due:
            self._others.fold()
        found = []
        for one in self._told:
            if now >= one.due:
                one.turn(now)
            found.append((one, one.taken))
        return found

    def exact(self, now: float) -> Self:
        """The same, with no allotment open over any of them."""
        self._others.ended(now)
        self._others.fold_over(self)
        return self

    def stand(self, slot: int) -> tuple[float, float]:
        """What is left of the allotment, and what was used of it."""
        place = self.place_of[slot]
        free = self.free[place]
        if slot == ARRIVALS:
            return free, self._size[place] - free
        return free, sum(map(itemgetter(place), self._used))

    def close(self) -> None:
        """Counts what was used, and gives back what was not: what requests hold stays held."""
        self.until, self._is_new = 0.0, True
        if self._admitted >= BUSY:
            # The next request opens another one.
            self._asked, self._asked_until = BUSY, inf
        spent = {slot: self._spent(slot, place) for slot, place in self.place_of.items()}
        for counter in self._counters:
            slot, records = counter.slot, spent[counter.slot]
            amount = records.amounts[-1] if records.amounts else 0.0
            counter.allotted -= 1
            counter.taken -= self.free[self.place_of[slot]] + amount
            if counter.slides or counter.begin <= self._opened:
                counter.use(amount, self._opened, records=records)

    def _spent(self, slot: int, place: int) -> Unbooked:
        if slot == ARRIVALS:
            return Unbooked([0], [self._size[place] - self.free[place]])
        return Unbooked(self._numbers, list(accumulate(map(itemgetter(place), self._used))))

    def _open(self, amounts: list[float], now: float) -> None:
        """Takes a part from all counters, unless one of them has little left."""
        ahead = AHEAD * max(self._admitted, BUSY)
        self._admitted, self._asked_until = 0, -inf
        mine, place_of = self._of(amounts), self.place_of
        size = [amount * ahead for amount in mine]
        until = now + LASTS
        for one in self._counters:
            place = place_of[one.slot]
            size[place] = min(size[place], one.room * PART)
            until = min(until, one.steady_until(now))
        # Whole numbers, whose sums are exact.
        self._size = tuple([float(int(one)) for one in size])
        if any(one < BUSY * amount for one, amount in zip(self._size, mine, strict=True)):
            return
        told = [(one, one.taken) for one in self._told]
        self._tightest = tuple([one for one, _ in tightest(told)])
        self.forms = {}
        for one in self._counters:
            one.taken += self._size[place_of[one.slot]]
            one.allotted += 1
        self.free = self._size
        self._numbers, self._used = [], []
        self._opened, self.until = now, until
        self._others.opened(self, until)

    def _begin_windows(self) -> None:
        """Notes the windows of the calendar that counters are in by now."""
        calendar = [one for one in self._counters if not one.slides]
        self._since = max([one.begin for one in calendar], default=0.0)
        self._ends = min([one.end for one in calendar], default=inf)
        self._places = TallyPlaces(
            [
                (one.limit.id, one.scope, one.begin, self.place_of[one.slot])
                for one in calendar
                if one.of_ledger
            ]
        )


def tightest(told: Sequence[tuple[Counter, float]]) -> Sequence[tuple[Counter, float]]:
    """Of each measure, the counter of which the least part is left, and what is taken of it."""
    if len(told) < 2:
        return told
    found: dict[str, tuple[float, tuple[Counter, float]]] = {}
    for one in told:
        counter, taken = one
        part = taken / counter.amount if counter.amount else 1.0
        best = found.get(counter.limit.measure)
        if best is None or part > best[0]:
            found[counter.limit.measure] = part, one
    return [one for _, one in found.values()]
