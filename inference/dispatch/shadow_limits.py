"""What a copy of a request may use: at most half of each limit, and never what requests need.

It counts apart (`Counter.shadowed`): requests are admitted as if there were no copies, and copies
only while both together have not come to half of the amount.
"""

from __future__ import annotations

from typing import Final

from governance.limits.counting.admission import Lease
from governance.limits.counting.counter import Counter
from governance.limits.measure import Consumption
from governance.routing.plan import Candidate
from inference.dispatch.consumption import complete, consumption
from inference.dispatch.request_limits import NO_LEASE, RequestLimits
from inference.record.record import RequestContext

SHARE: Final = 0.5
"""Of each limit, from which on no copy is sent."""
_OF_REQUESTS: Final = frozenset({"requests", "concurrent"})
"""Measures by which a copy counts nothing: it is no request of anybody's."""


class ShadowLimits(RequestLimits):
    """Of one copy, from before it is sent until it is recorded."""

    _held: tuple[tuple[Counter, float], ...] = ()
    """What the copy holds of each counter."""

    def admit_copy(self, candidate: Candidate, profile: str) -> bool:
        """Whether there is room for the copy, which is held then until `settle`."""
        now = self._shared.clock()
        self._choose(profile)
        self._held = ()
        there = self.of_target(candidate.provider.name.casefold(), candidate.model, now)
        full, _ = self._needs(candidate)
        held = []
        for counter in (*self._counters.exact(now), *there.exact(now)):
            if counter.limit.enforcement == "warn":
                continue
            if counter.limit.strict and now > self._shared.book.fresh_until:
                return False
            if now >= counter.due:
                counter.turn(now)
            need = 0.0 if counter.limit.measure in _OF_REQUESTS else counter.amount_for(full)
            if need is None:
                return False
            counter.use_for_shadow(0.0, now)
            if counter.taken + counter.shadowed + need > SHARE * counter.amount:
                return False
            held.append((counter, need))
        for counter, need in held:
            counter.use_for_shadow(need, now)
        self._held = tuple(held)
        return True

    def begin(self, candidate: Candidate) -> Lease:
        """Nothing more is held for the attempt."""
        return NO_LEASE

    def failed(self, lease: Lease) -> None:
        """Nothing was held for it."""

    def settle(self, context: RequestContext) -> None:
        """Counts what was used in the place of what was held."""
        complete(context)
        attempts = context.attempts
        if self._table.limits.counts_cost:
            self._price(context)
        used: list[Consumption] = [
            consumption(one.usage, one.cost_usd) for one in attempts if one.usage is not None
        ]
        now, held = self._shared.clock(), self._held
        self._held = ()
        for counter, need in held:
            actual = 0.0
            if counter.limit.measure not in _OF_REQUESTS:
                actual = sum(counter.amount_for(one) or 0.0 for one in used)
            counter.use_for_shadow(actual - need, now)
