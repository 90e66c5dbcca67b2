"""All counters of one process. For one thread."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from governance.limits.counting.admission import Lease, give_back
from governance.limits.counting.allotment import Allotments, BoundCounters
from governance.limits.counting.binding import LimitIndex, Who, scope_of
from governance.limits.counting.counter import Counter, Key
from governance.limits.limit import LimitEntry

MOST_SESSIONS: Final = 100_000
"""Counters of sessions that are kept: their names are the callers' to choose."""
MOST_BOUND: Final = 50_000
_SAME: Final = (
    *("subject_type", "subject_id", "each", "provider", "model", "measure", "window"),
    *("time_zone", "window_day", "window_hour"),
    *("weight_input", "weight_output", "weight_cached", "weight_reasoning"),
)
"""What a limit counts, and when: where one of these is another, counting begins anew."""

Place = tuple[str, str, str, str]
"""Key, profile, provider and model of a request."""

NONE_BOUND: Final = BoundCounters()


class LimitBook:
    """Counters by limit and scope, made when a request first needs them."""

    def __init__(self) -> None:
        self.counters: dict[Key, Counter] = {}
        self.leases: dict[Lease, None] = {}
        self.number = 0
        """Of the last record that was settled here."""
        self.fresh_until = float("inf")
        """Until when it is known what other processes use; infinity where there are none."""
        self.allotments = Allotments()
        """Whoever looks at counters, or changes them, has them folded before."""
        self._index: LimitIndex | None = None
        self._limits: dict[Place, list[LimitEntry]] = {}
        self._bound: dict[Place, BoundCounters] = {}
        self._sessions = 0

    def of_request(self, index: LimitIndex, who: Who, now: float) -> BoundCounters:
        """Counters of the limits that bind a request wherever it is sent."""
        return self._of(index, who, now, "", "")

    def of_target(
        self, index: LimitIndex, who: Who, provider: str, model: str, now: float
    ) -> BoundCounters:
        """Counters of the limits that bind it when it is sent there; `provider` is casefolded."""
        return self._of(index, who, now, provider, model) if index.of_targets else NONE_BOUND

    def kept(self, index: LimitIndex, key: str, profile: str) -> BoundCounters | None:
        """As `of_request`, of a key whose requests were there before; None of another one."""
        return self._bound.get((key, profile, "", "")) if index is self._index else None

    def counter(self, limit: LimitEntry, scope: str, now: float) -> Counter:
        """The counter of one limit and scope."""
        key = limit.id, scope
        found = self.counters.get(key)
        if found is not None and found.limit is not limit:
            if all(getattr(found.limit, name) == getattr(limit, name) for name in _SAME):
                self.allotments.fold()
                found.set_limit(limit, now)
            else:
                found = None
        if found is None:
            if limit.each == "session":
                self._make_room(now)
            found = self.counters[key] = Counter(limit, scope, now)
        return found

    def lapse(self, now: float) -> None:
        """Gives back what is held by requests that should have ended long ago."""
        for lease in [one for one in self.leases if one.expires < now]:
            give_back(lease)
            self.leases.pop(lease, None)

    def _of(
        self, index: LimitIndex, who: Who, now: float, provider: str, model: str
    ) -> BoundCounters:
        if index is not self._index:
            self._adopt(index)
        place = who.key, who.profile, provider, model
        bound = self._bound.get(place)
        if bound is not None:
            return bound
        limits = self._limits.get(place)
        if limits is None:
            if len(self._limits) >= MOST_BOUND:
                self._limits.clear()
                self._bound.clear()
            limits = index.of_target(who, provider, model) if provider else index.of_request(who)
            self._limits[place] = limits
        lasts = not any(one.each == "session" for one in limits)
        counters = [self.counter(one, scope_of(one, who), now) for one in limits]
        bound = BoundCounters(counters, self.allotments, lasts=lasts)
        if lasts:
            self._bound[place] = bound
        return bound

    def _adopt(self, index: LimitIndex) -> None:
        """Another table is in force; counters of limits that are gone are dropped."""
        self.allotments.fold()
        self._index = index
        self._limits.clear()
        self._bound.clear()
        for key in [one for one in self.counters if one[0] not in index.by_id]:
            del self.counters[key]

    def _make_room(self, now: float) -> None:
        """Sessions that nobody heard of for longest are forgotten, an eighth at a time."""
        self._sessions += 1
        if self._sessions <= MOST_SESSIONS:
            return
        idle = [
            one for one in self.counters.values() if one.limit.each == "session" and not one.held
        ]
        idle.sort(key=lambda one: one.touched)
        for one in idle[: max(1, len(idle) // 8)]:
            del self.counters[one.key]
        self._sessions = sum(one.limit.each == "session" for one in self.counters.values())


def highest_share(counters: Iterable[Counter], measure: str, now: float) -> float | None:
    """Percent used of the limit of this measure that is used most; None without one."""
    shares = [
        one.share(now)
        for one in counters
        if one.limit.measure == measure and one.limit.enforcement == "refuse"
    ]
    return max(shares, default=None)
