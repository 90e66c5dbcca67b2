"""What providers' models were found to refuse, so that the next request is repaired before it is
sent."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Final, NamedTuple

from governance.kinds.model_rules import Fix
from governance.routing.table import ProviderEntry

LASTS: Final = 3600.0
"""Seconds. After that the request is sent once more as it came, to see whether it is still
refused."""
_MODELS: Final = 1024
"""Models that are remembered; the one that was not asked for longest is forgotten first."""
_FIXES: Final = 16
"""Fixes of one model."""

Place = tuple[str, str, str]


class Remembered(NamedTuple):
    """One fix of one model, for operators to see."""

    provider: str
    """Casefolded."""
    model: str
    fix: Fix
    seconds_left: float


class RepairBook:
    """Remembers fixes by provider, address and model, for one process. Not for several threads.

    A provider whose address changes is another one.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
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
            if len(known) < _FIXES:
                known[fix] = until
        while len(self._until) > _MODELS:
            self._until.popitem(last=False)

    def unlearn(self, provider: ProviderEntry, model: str) -> None:
        """What was remembered of the model does not hold any more."""
        self._until.pop(_place(provider, model), None)

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
