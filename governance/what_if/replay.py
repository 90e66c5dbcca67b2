"""Requests of the past, decided again with a draft of a profile. Pure.

Chances are taken as they are instead of drawn: a request that goes to one of two targets with even
odds counts half for each, so the numbers are expected ones and need not be whole.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext

from governance.routing.breaker import HEALTHY
from governance.routing.explain import probabilities
from governance.routing.request import RoutingRequest
from governance.routing.resolve import route
from governance.routing.table import ANONYMOUS, RoutingTable, VirtualKey
from governance.what_if.draft import profile_of, with_profile
from governance.what_if.past import Past

SMALLEST: Final = 1e-9
"""Shares below are rounding."""


@dataclass(frozen=True, slots=True, order=True)
class FirstDestination:
    """Where a request goes first; a refusal's short word where it goes nowhere."""

    provider: str = ""
    model: str = ""
    local_fallback: bool = False
    refusal: str = ""

    @property
    def words(self) -> str:
        if self.refusal:
            return gettext("refused: %(replace)s") % {"replace": self.refusal.replace("_", " ")}
        return f"{self.provider} / {self.model}{' (local fallback)' if self.local_fallback else ''}"


@dataclass(frozen=True, slots=True)
class Flow:
    """Requests that go elsewhere."""

    before: FirstDestination
    after: FirstDestination
    requests: float


@dataclass(frozen=True, slots=True)
class TrafficShare:
    """Requests a destination gets now, and would get."""

    destination: FirstDestination
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Replay:
    """What a draft would have done to the requests of the past."""

    requests: int
    moved: float
    unroutable: float
    """Requests that would be refused and now are answered."""
    routable: float
    """Requests that would be answered and now are refused."""
    flows: tuple[Flow, ...]
    """The largest first."""
    shares: tuple[TrafficShare, ...]
    """The largest first."""


Odds = dict[FirstDestination, float]


def replay(document: Mapping[str, Any], requests: Iterable[Past], table: RoutingTable) -> Replay:
    """Decides on each request with `table`, and with it as `document` would make it.

    The document keeps every rule. Every provider counts as healthy. A key that is gone counts as
    none.
    """
    drafted = with_profile(table, profile_of(document))
    virtual_keys = {virtual_key.id: virtual_key for virtual_key in table.virtual_keys.values()}
    counts = Counter((one.routing_request, one.key_id) for one in requests)
    flows: dict[tuple[FirstDestination, FirstDestination], float] = defaultdict(float)
    before: Odds = defaultdict(float)
    after: Odds = defaultdict(float)
    for (routing_request, key_id), count in counts.items():
        virtual_key = virtual_keys.get(key_id, ANONYMOUS)
        was, would_be = (
            odds(routing_request, virtual_key, table),
            odds(routing_request, virtual_key, drafted),
        )
        for place, chance in was.items():
            before[place] += chance * count
        for place, chance in would_be.items():
            after[place] += chance * count
        for ways, chance in moves(was, would_be).items():
            flows[ways] += chance * count
    return _summed(sum(counts.values()), flows, before, after)


def odds(routing_request: RoutingRequest, virtual_key: VirtualKey, table: RoutingTable) -> Odds:
    """Where the request goes first, and how likely."""
    plan = route(routing_request, virtual_key, table, HEALTHY, 0.0, random.Random(0))  # noqa: S311  # chances are read, not the draw
    if plan.refusal is not None:
        return {FirstDestination(refusal=plan.refusal.code): 1.0}
    found: Odds = {}
    for candidate, chance in zip(plan.candidates, probabilities(plan), strict=True):
        if chance > 0:
            name, fallback = candidate.provider.name, candidate.is_local_fallback
            place = FirstDestination(name, candidate.model, fallback)
            found[place] = found.get(place, 0.0) + chance
    return found


def moves(before: Odds, after: Odds) -> dict[tuple[FirstDestination, FirstDestination], float]:
    """The fewest moves that turn one into the other: what both have in common stays.

    What a destination loses is shared out among those that gain, in proportion to their gain.
    """
    losses = {place: chance - after.get(place, 0.0) for place, chance in before.items()}
    gains = {place: chance - before.get(place, 0.0) for place, chance in after.items()}
    losses = {place: loss for place, loss in losses.items() if loss > SMALLEST}
    gains = {place: gain for place, gain in gains.items() if gain > SMALLEST}
    total = sum(gains.values())
    return {
        (lost, gained): loss * gain / total
        for lost, loss in losses.items()
        for gained, gain in gains.items()
    }


def _summed(
    requests: int,
    flows: Mapping[tuple[FirstDestination, FirstDestination], float],
    before: Mapping[FirstDestination, float],
    after: Mapping[FirstDestination, float],
) -> Replay:
    ordered = sorted(flows.items(), key=lambda item: (-item[1], item[0]))
    shares = [
        TrafficShare(place, before.get(place, 0.0), after.get(place, 0.0))
        for place in {**before, **after}
    ]
    shares.sort(key=lambda one: (-max(one.before, one.after), one.destination))
    return Replay(
        requests=requests,
        moved=sum(flows.values()),
        unroutable=sum(
            count for (old, new), count in flows.items() if new.refusal and not old.refusal
        ),
        routable=sum(
            count for (old, new), count in flows.items() if old.refusal and not new.refusal
        ),
        flows=tuple(Flow(old, new, count) for (old, new), count in ordered),
        shares=tuple(shares),
    )
