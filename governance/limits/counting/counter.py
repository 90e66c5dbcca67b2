"""What is used and held of one limit by one scope in its present window. PURE.

A counter belongs to one process and one thread. `taken` is the sum of all that counts against the
amount, kept up to date so that admission reads two numbers.
"""

from __future__ import annotations

import sys
from collections import deque
from math import inf
from typing import Final

from governance.limits import MEASURES
from governance.limits.counting.amounts import APART, ARRIVALS, SLOTS
from governance.limits.counting.escrow import UNKNOWN, Escrow
from governance.limits.counting.unbooked import Unbooked, batches_booked, booked
from governance.limits.counting.weights import weighted
from governance.limits.limit import SLIDING, LimitEntry
from governance.limits.measure import Consumption
from governance.limits.windows import window_of

STEPS: Final = 60
"""Parts of a sliding window; what was used leaves it one part at a time, never early."""
CONCURRENT: Final = "concurrent"

Key = tuple[int, str]
"""A limit's id and a scope: a key, a session, or empty where all share it."""

BEYOND: Final = sys.float_info.max
"""How far `taken` may go by a limit that refuses nobody; below infinity, which asks each limit."""


class Counter:
    """Of one limit and one scope."""

    __slots__ = (
        "_length",
        "_ring",
        "_shadowed_until",
        "acked",
        "allotted",
        "amount",
        "away_held",
        "away_used",
        "batches",
        "begin",
        "by_arrival",
        "ceiling",
        "due",
        "end",
        "escrow",
        "known",
        "least_ceiling",
        "limit",
        "of_ledger",
        "own",
        "pending",
        "refuses",
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
        self.pending: list[tuple[int, float]] = []
        """Of `own`, what the ledger will hold, by the numbers of records."""
        self.batches: list[Unbooked] | None = None
        """The same of what was used by allotments."""
        self.allotted = 0
        """Allotments that hold something of it."""
        self.acked = 0
        """The number up to which `away_used` holds this process's own records."""
        self.touched = now
        self.shadowed = 0.0
        """Used by copies of requests, which take nothing from what requests may use."""
        self._shadowed_until = 0.0
        self._ring: deque[list[float]] = deque()
        """When a part of a sliding window leaves it, and what was used in that part."""
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
        self.slides = limit.window in SLIDING and limit.measure != CONCURRENT
        self.by_arrival = self.slides and limit.measure == "requests"
        """It is the moment of their arrival that counts, so that nothing is held."""
        slot = ARRIVALS if self.by_arrival else SLOTS[limit.measure]
        self.slot = APART if apart else slot
        self.refuses = limit.enforcement == "refuse"
        self.least_ceiling = 0.0 if self.refuses else BEYOND
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

    @property
    def part(self) -> float:
        """Of the amount, that is used or held."""
        return self.taken / self.amount if self.amount else 1.0

    @property
    def room(self) -> float:
        """How much more may be taken until anything comes of it: a refusal, a warning, a detour."""
        up_to = self.ceiling
        if self.limit.enforcement == "divert":
            up_to = min(up_to, self.amount)
        for percent in self.limit.warn_at:
            if percent not in self.warned:
                up_to = min(up_to, self.amount * percent / 100)
        return max(0.0, up_to - self.taken)

    def steady_until(self, now: float) -> float:
        """Until when it is all the same at which moment something is used."""
        return min(self.due, self.step_ends(now)) if self.slides else self.due

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
        self.ceiling = max(self.ceiling, self.least_ceiling)

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
        self.batches = None
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

    def use(
        self,
        amount: float,
        now: float,
        number: int = 0,
        held: float = 0.0,
        records: Unbooked | None = None,
    ) -> None:
        """Counts what was used, in the place of what was held for it: by the record of this
        `number`, or by several `records`, at a moment of the step or window they belong to."""
        self.taken += amount - held
        if not amount:
            return
        self.own += amount
        if now > self.touched:
            self.touched = now
        if self.slides:
            self._use_sliding(amount, now)
        elif not self.of_ledger:
            return
        elif records is not None:
            if self.batches is None:
                self.batches = []
            self.batches.append(records)
        elif number or not self.pending or not self.pending[-1][0]:
            # Numbers rise, but for the 0 of what no record tells.
            self.pending.append((number, amount))
        else:
            self.pending.insert(0, (0, amount))

    def _use_sliding(self, amount: float, now: float) -> None:
        ring, leaves = self._ring, self.step_ends(now) + self._length
        if ring and leaves <= ring[-1][0]:
            ring[-1][1] += amount
        else:
            ring.append([leaves, amount])
            self.due = min(self.due, ring[0][0])

    def step_ends(self, now: float) -> float:
        """When that part of a sliding window ends which holds the moment."""
        step = self._length / STEPS
        return (now // step + 1) * step

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
        mine = self.held
        if ledger:
            self.acked = max(self.acked, seen)
            amount = booked(self.pending, self.acked)
            if self.batches is not None:
                amount += batches_booked(self.batches, self.acked)
                self.batches = self.batches or None
            self.own -= amount
            if self.escrow is not None:
                self.escrow.acked(amount)
            if self.of_ledger and not (self.pending or self.batches):
                self.own = 0.0
        self.away_used, self.away_held, self.known = used, held, True
        self.taken = self.own + mine + used + held

    def share_with(self, sharers: int, now: float, *, fresh: bool, booked: float = UNKNOWN) -> None:
        """So many processes count the limit, this one among them; what they use was just told.

        `fresh`: nobody is missing; `booked` is what the ledger holds. Windows that slide mend by
        themselves what was let through too much.
        """
        if self.escrow is None:
            if sharers < 2 or self.slides or self.limit.measure == CONCURRENT:
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
        return 100.0 * self.part

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
