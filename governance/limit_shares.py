"""What limits mean for a request that is only supposed: a simulation, a rehearsal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from governance.limits import MEASURES
from governance.limits.counting.binding import Who
from governance.limits.limit import LimitEntry
from governance.limits_in_force import LimitUse, shown, use_of
from governance.routing.limited_health import BELOW_ALL
from governance.routing.plan import Refusal
from governance.routing.policy import choose
from governance.routing.request import RoutingRequest
from governance.routing.table import RoutingTable, VirtualKey


class LimitShares:
    """How much is used of the limits that bind one request of a key, as the ledger has it now.

    Limits that each session has for itself are left out: a supposed request is part of none.
    """

    def __init__(self, request: RoutingRequest, key: VirtualKey, table: RoutingTable) -> None:
        choice = choose(request, key, table)
        profile = "" if isinstance(choice, Refusal) else choice.profile.id
        groups = table.groups_of(key)
        self._index, self._who = table.limits, Who(key.id, groups, profile)
        self._uses: dict[int, LimitUse] = {}

    def shares(self, provider: str, model: str) -> dict[str, float]:
        """Percent used by the word of each threshold."""
        found: dict[str, float] = {}
        for limit, percent in (
            *((one, min(self._percent(one), BELOW_ALL)) for one in self._of_request()),
            *((one, self._percent(one)) for one in self._of_target(provider, model)),
        ):
            word = MEASURES[limit.measure].threshold
            if word and limit.enforcement == "refuse":
                found[word] = max(percent, found.get(word, 0.0))
        return found

    def documents(self, places: Iterable[tuple[str, str]]) -> list[dict[str, Any]]:
        """The limits that bind the request, and those of the providers and models it may go to."""
        limits = {one.id: one for one in self._of_request()}
        for provider, model in places:
            limits |= {one.id: one for one in self._of_target(provider.casefold(), model)}
        return [self._document(one) for one in limits.values()]

    def refusing(self) -> LimitEntry | None:
        """The first limit that would refuse the request whatever the targets."""
        for one in self._of_request():
            if one.enforcement == "refuse" and self._percent(one) >= 100:
                return one
        return None

    def _of_request(self) -> Iterator[LimitEntry]:
        for one in self._index.of_request(self._who):
            if one.each != "session":
                yield one

    def _of_target(self, provider: str, model: str) -> list[LimitEntry]:
        return self._index.of_target(self._who, provider, model)

    def _use(self, limit: LimitEntry) -> LimitUse:
        if limit.id not in self._uses:
            scope = self._who.key if limit.each == "key" else ""
            self._uses[limit.id] = use_of(limit, scope=scope)
        return self._uses[limit.id]

    def _percent(self, limit: LimitEntry) -> float:
        use = self._use(limit)
        return 100.0 * (use.used + use.held) / use.amount if use.amount else 100.0

    def _document(self, limit: LimitEntry) -> dict[str, Any]:
        use = self._use(limit)
        return {
            "id": limit.id,
            "name": limit.name,
            "measure": limit.measure,
            "window": limit.window,
            "enforcement": limit.enforcement,
            "amount": shown(limit.measure, use.amount),
            "used": shown(limit.measure, use.used),
            "reached": self._percent(limit) >= 100,
        }
