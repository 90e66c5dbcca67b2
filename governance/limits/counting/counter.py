"""What is used and held of one limit by one scope in its present window. PURE.

A counter belongs to one process and one thread. `taken` is the sum of all that counts against the
amount, kept up to date so that admission reads two numbers.
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import Final

from governance.limits import MEASURES
from governance.limits.counting.escrow import UNKNOWN, Escrow
from governance.limits.counting.weights import weighted
from governance.limits.limit import SLIDING, LimitEntry
from governance.limits.measure import Consumption
from governance.limits.windows import window_of

STEPS: Final = 60
"""Parts of a sliding window; what was used leaves it one part at a time, never early."""
CONCURRENT: Final = "concurrent"

Key = tuple[int, str]
"""A limit's id and a scope: a key, a session, or empty where all share it."""

SLOTS: Final = {name: place for place, name in enumerate(MEASURES)}
"""Place of each measure among the amounts of a request."""
APART: Final = len(SLOTS)
"""Place of what a request comes to by a limit that counts in a way of its own."""
_COST: Final = SLOTS["cost"]
_SCALED: Final = tuple(
    (place, one.amount if one.scale == 1 else one.scaled)
    for place, one in enumerate(MEASURES.values())
)
_WITHOUT_UNITS: Final = tuple(
    _SCALED[place] for place, one in enumerate(MEASURES.values()) if not one.unit_counted
)
_NONE: Final = [0.0] * len(SLOTS)


def amounts_of(used: Consumption) -> list[float]:
    """What a request comes to, by the place of each measure; infinity where that depends on the
    limit, so that each is asked."""
    found = _NONE.copy()
    for place, scaled in _SCALED if used.units else _WITHOUT_UNITS:
        found[place] = scaled(used)
    if used.cost is None:
        found[_COST] = inf
    found.append(inf)
    return found


class Counter:
    """Of one limit and one scope."""

    __slots__ = (
        "_length",
        "_ring",
        "_shadowed_until",
        "_step_ends",
        "acked",
        "amount",
        "away_held",
        "away_used",
        "begin",
        "by_arrival",
        "ceiling",
        "due",
        "end",
        "escrow",
        "known",
        "limit",
        "of_ledger",
        "own",
        "pending",
        "scope",
        "shadowed",
        "slides",
        "slot",
        "taken",
        "touched",
        "warned",
    )

    def __init__(self, limit: LimitEntry, scope: str, now: float) -> None:
        self.scope = scope
        self.own = 0.0
        """Used by this process; where the ledger counts, only what it does not hold yet."""
        self.taken = 0.0
        self.away_used = 0.0
        """Used in the window by everybody else, and by this process as far as the ledger says."""
        self.away_held = 0.0
        self.known = False
        """Whether anybody has told what others used."""
        self.pending: deque[tuple[int, float]] = deque()
        """Of `own`, what the ledger will hold: by the number of its record."""
        self.acked = 0
        """The number up to which `away_used` holds this process's own records."""
        self.touched = now
        self.shadowed = 0.0
        """Used by copies of requests, which take nothing from what requests may use."""
        self._shadowed_until = 0.0
        self._ring: deque[list[float]] = deque()
        """When a part of a sliding window leaves it, and what was used in that part."""
        self._step_ends = 0.0
        self.begin = self.end = 0.0
        self.amount = 0.0
        self.escrow: Escrow | None = None
        """Where other processes count the limit too."""
        self.set_limit(limit, now)

    def set_limit(self, limit: LimitEntry, now: float) -> None:
        """The limit as it is now, which counts the same as before."""
        self.limit = limit
        measure = MEASURES[limit.measure]
        apart = limit.measure == "tokens" and limit.weighs
        self.slot = APART if apart else SLOTS[limit.measure]
        self.slides = limit.window in SLIDING and limit.measure != CONCURRENT
        self.by_arrival = self.slides and limit.measure == "requests"
        """It is the moment of their arrival that counts, so that nothing is held."""
        self._length = SLIDING.get(limit.window, 0.0)
        self.of_ledger = bool(measure.in_ledger) and not self.slides and limit.each != "session"
        self.warned: set[float] = set()
        self.turn(now)

    @property
    def key(self) -> Key:
        return self.limit.id, self.scope

    @property
    def held(self) -> float:
        """By requests of this process that are under way."""
        held = self.taken - self.own - self.away_used - self.away_held
        return round(held, 6) if held > 1e-6 else 0.0

    @property
    def used(self) -> float:
        """In the present window, by everybody."""
        return self.own + self.away_used

    @property
    def left(self) -> float:
        return max(0.0, self.amount - self.taken)

    def turn(self, now: float) -> None:
        """Brings the counter up to the moment; needed when `due` has come."""
        limit, held, before, rolled = self.limit, self.held, self.amount, False
        if limit.measure == CONCURRENT:
            self.begin, self.end = 0.0, inf
        elif self.slides:
            self._slide(now)
        elif not self.begin <= now < self.end or self.end == 0.0:
            rolled = self._begin_window(now)
        if not self.slides:
            self.due = self.end
        self.amount = limit.allowed(now) * MEASURES[limit.measure].scale
        for extra in limit.extras:
            for edge in (extra.begin, extra.end):
                if now < edge < self.due:
                    self.due = edge
        self.taken = self.own + held + self.away_used + self.away_held
        self.ceiling = self.amount
        if self.escrow is not None:
            if rolled:
                self.escrow.begin(held, self.amount)
            else:
                self.escrow.changed(self.amount - before)
            away = self.away_used + self.away_held
            self.ceiling = self.escrow.ceiling(self.taken, away, self.amount)

    def _begin_window(self, now: float) -> bool:
        """The window that holds the moment; whether there was another one before."""
        limit, is_first = self.limit, not self.end
        day, hour = limit.window_day, limit.window_hour
        window = window_of(limit.window, now, zone=limit.time_zone, day=day, hour=hour)
        self.begin, self.end = window
        if is_first:
            return False
        self.own = self.away_used = 0.0
        self.pending.clear()
        self.warned.clear()
        self.known = True
        return True

    def _slide(self, now: float) -> None:
        ring = self._ring
        while ring and ring[0][0] <= now:
            self.own -= ring.popleft()[1]
        if not ring:
            self.own = 0.0
            self.warned.clear()
        self.begin, self.end = now - self._length, now
        self.due = ring[0][0] if ring else inf

    def hold(self, amount: float) -> None:
        self.taken += amount

    def use(self, amount: float, now: float, number: int = 0) -> None:
        """Counts what was used; `number` is that of the record which will be in the ledger."""
        if not amount:
            return
        self.touched = now
        self.own += amount
        self.taken += amount
        if self.slides:
            if now < self._step_ends and self._ring:
                self._ring[-1][1] += amount
            else:
                step = self._length / STEPS
                self._step_ends = (now // step + 1) * step
                self._ring.append([self._step_ends + self._length, amount])
                self.due = min(self.due, self._ring[0][0])
        elif self.of_ledger:
            self.pending.append((number, amount))

    def use_for_shadow(self, amount: float, now: float) -> None:
        """Counts what a copy of a request uses, or no longer holds where it is below 0.

        Of a window that slides it counts until as much time has passed as the window has.
        """
        if now >= self._shadowed_until:
            self.shadowed = 0.0
            self._shadowed_until = now + self._length if self.slides else self.end
        self.shadowed = max(0.0, self.shadowed + amount)

    def told(
        self, begin: float, used: float, held: float, seen: int, *, ledger: bool = True
    ) -> None:
        """What others use and hold in the window that begins then, and what the ledger says.

        Of this process the ledger holds the records up to the number `seen`.
        """
        if not self.slides and begin != self.begin:
            return
        pending, mine = self.pending, self.held
        if ledger:
            self.acked = max(self.acked, seen)
            while pending and pending[0][0] <= seen:
                amount = pending.popleft()[1]
                self.own -= amount
                if self.escrow is not None:
                    self.escrow.acked(amount)
            if not pending and self.of_ledger:
                self.own = 0.0
        self.away_used, self.away_held, self.known = used, held, True
        self.taken = self.own + mine + used + held

    def share_with(self, sharers: int, now: float, *, fresh: bool, booked: float = UNKNOWN) -> None:
        """So many processes count the limit, this one among them; what they use was just told.

        `fresh`: nobody is missing; `booked` is what the ledger holds. Windows that slide mend by
        themselves what was let through too much.
        """
        if self.slides or self.limit.measure == CONCURRENT:
            return
        if self.escrow is None:
            if sharers < 2:
                return
            self.escrow = Escrow(self.amount)
        mine, self.escrow.booked = self.own + self.held, booked
        self.escrow.told(sharers, mine, self.amount - self.taken, fresh=fresh)
        self.turn(now)

    def lost_sight(self, now: float, *, blind: bool) -> None:
        """Others are not heard of any more, or are again."""
        if self.escrow is not None and self.escrow.blind is not blind:
            self.escrow.blind = blind
            self.turn(now)

    def share(self, now: float) -> float:
        """Percent of the amount that is used or held."""
        if now >= self.due:
            self.turn(now)
        return 100.0 * self.taken / self.amount if self.amount else 100.0

    def frees_at(self, need: float, now: float) -> float:
        """When there is room for as much; infinity where there never will be."""
        if self.limit.measure == CONCURRENT:
            return now + 1.0
        if not self.slides:
            return self.end
        wanted = self.taken + need - self.amount
        for leaves, amount in self._ring:
            wanted -= amount
            if wanted <= 0:
                return leaves
        return now + self._length

    def amount_for(self, used: Consumption) -> float | None:
        """What a request comes to by this limit; None where it may not be counted at all."""
        limit = self.limit
        if limit.measure == "tokens":
            return weighted(limit, used)
        if limit.measure == "cost" and used.cost is None:
            if limit.unpriced_mode == "refuse":
                return None
            tokens = used.prompt_tokens + used.completion_tokens
            rated = limit.unpriced_mode == "rate"
            return round(tokens * limit.unpriced_rate) if rated else 0.0
        return MEASURES[limit.measure].scaled(used)
