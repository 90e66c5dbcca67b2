"""What providers' models were found to refuse, so that the next request is repaired before it is
sent."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from governance.kinds.model_rules import Fix
from governance.routing.table import ProviderEntry
from inference.values.repair_news import MOST_FIXES, MOST_PLACES, ForgottenPlace, SharedRepair

LASTS: Final = 3600.0
"""Seconds. After that the request is sent once more as it came, to see whether it is still
refused."""
_UNTOLD: Final = 512
"""News that wait for a collector that is away."""

UNKNOWN_TO_OTHERS: Final = 5.0
"""Seconds in which what one process has learned gets to the others."""

Place = tuple[str, str, str]
"""Casefolded provider, base URL, model."""


class Remembered(NamedTuple):
    """One fix of one model, for operators to see."""

    provider: str
    """Casefolded."""
    model: str
    fix: Fix
    seconds_left: float


class RepairBook:
    """Remembers fixes by provider, address and model. Not for several threads.

    A provider whose address changes is another one. What is learned, or found not to hold any more,
    is `news` until somebody has told the other processes; `adopt` takes in what they all know.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.news: deque[ForgottenPlace | SharedRepair] = deque(maxlen=_UNTOLD)
        self._own: dict[tuple[Place, Fix], float] = {}
        """What this process has learned a moment ago, and when: the others may not know yet."""
        self._until: OrderedDict[Place, dict[Fix, float]] = OrderedDict()

    def known(self, provider: ProviderEntry, model: str) -> tuple[Fix, ...]:
        """What is to be changed in requests to the model, in the order in which it was learned."""
        if not self._until:
            return ()
        place = _place(provider, model)
        fixes = self._until.get(place)
        if fixes is None:
            return ()
        now = self._clock()
        for fix in [fix for fix, until in fixes.items() if until <= now]:
            del fixes[fix]
        if not fixes:
            del self._until[place]
            return ()
        self._until.move_to_end(place)
        return tuple(fixes)

    def learn(self, provider: ProviderEntry, model: str, fixes: Iterable[Fix]) -> None:
        """A request was answered once the fixes had been made."""
        place = _place(provider, model)
        known = self._until.setdefault(place, {})
        self._until.move_to_end(place)
        until = self._clock() + LASTS
        for fix in fixes:
            for old in [old for old in known if _replaces(fix, old)]:
                del known[old]
            if len(known) < MOST_FIXES:
                known[fix] = until
                self._own[place, fix] = self._clock()
                self.news.append(SharedRepair(*place, *fix, time.time() + LASTS))
        while len(self._until) > MOST_PLACES:
            self._until.popitem(last=False)

    def unlearn(self, provider: ProviderEntry, model: str) -> None:
        """What was remembered of the model does not hold any more."""
        place = _place(provider, model)
        if self._until.pop(place, None) is not None:
            self.news.append(ForgottenPlace(*place))
            self._own = {key: at for key, at in self._own.items() if key[0] != place}

    def adopt(self, shared: Iterable[SharedRepair], now: float) -> None:
        """Makes what all processes know what this one knows; `now` is Unix time in seconds. What
        was learned here so lately that the others may not know of it stays."""
        moment = self._clock()
        self._own = {key: at for key, at in self._own.items() if at > moment - UNKNOWN_TO_OTHERS}
        fresh = [(key, self._until.get(key[0], {}).get(key[1])) for key in self._own]
        self._until.clear()
        for one in shared:
            if one.until > now:
                fixes = self._until.setdefault((one.provider, one.base_url, one.model), {})
                fixes[Fix(one.repair, one.value)] = moment + one.until - now
        for (place, fix), until in fresh:
            if until is not None:
                self._until.setdefault(place, {})[fix] = until

    def forget(self, provider: str) -> None:
        """Forgets everything about a provider."""
        name = provider.casefold()
        for place in [place for place in self._until if place[0] == name]:
            del self._until[place]

    def remembered(self) -> list[Remembered]:
        now = self._clock()
        return [
            Remembered(place[0], place[2], fix, until - now)
            for place, fixes in self._until.items()
            for fix, until in fixes.items()
            if until > now
        ]


def _replaces(fix: Fix, old: Fix) -> bool:
    """Of the same repair with another number or form, the newer one counts; members that are left
    out add up."""
    return fix.repair == old.repair and fix.repair != "drop"


def _place(provider: ProviderEntry, model: str) -> Place:
    return provider.name.casefold(), provider.base_url, model
