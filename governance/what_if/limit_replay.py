"""Requests of the past, counted by a limit before it is saved. Pure.

They are admitted and settled by the very code that does so live, on a clock of their own, so that
sliding windows, weights and requests at a time count as they would have. Only what nobody can know
is left out: what a caller who was refused would have done instead.
"""

from __future__ import annotations

import heapq
from collections import Counter as Tally
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from governance.limits.counting.admission import Exceeded, Lease, admit, settle
from governance.limits.counting.binding import LimitIndex, Who, scope_of
from governance.limits.counting.counter import Counter
from governance.limits.limit import LimitEntry
from governance.limits.measure import Consumption
from governance.limits.windows import Window


class PastAttempt(NamedTuple):
    """What one attempt used; None where it used nothing that is known."""

    provider: str
    """Casefolded."""
    model: str
    used: Consumption | None


class PastUse(NamedTuple):
    """What one request used; times are Unix time in seconds."""

    began: float
    ended: float
    who: Who
    attempts: tuple[PastAttempt, ...]


@dataclass(slots=True)
class LimitReplay:
    """What a limit would have done."""

    limit: LimitEntry
    requests: int = 0
    """That were looked at."""
    bound: int = 0
    """That the limit would have counted."""
    refused: int = 0
    """That it would have refused, or kept from their target."""
    keys: Tally[str] = field(default_factory=Tally)
    """Refused requests by the key that sent them."""
    first_at: float | None = None
    """When the first one was refused."""


Before = Callable[[Window, str], float]
"""What was used in a window by a scope, before the first request that is looked at."""


def replay_limit(limit: LimitEntry, uses: Iterable[PastUse], before: Before) -> LimitReplay:
    """Counts the requests, the oldest first."""
    found, index = LimitReplay(limit), LimitIndex([limit])
    counters: dict[str, Counter] = {}
    running: list[tuple[float, int, Lease, list[Consumption]]] = []
    for number, use in enumerate(uses):
        found.requests += 1
        while running and running[0][0] <= use.began:
            at, _, held, used = heapq.heappop(running)
            settle(held, used, at)
        counted = list(_counted(limit, index, use))
        if not counted:
            continue
        found.bound += 1
        counter = _counter(limit, counters, scope_of(limit, use.who), use.began, before)
        lease = _admitted(counter, counted, use.began)
        # A limit that only warns, or diverts, lets go on what it tells of.
        if lease is None or (limit.enforcement != "refuse" and counter.taken > counter.amount):
            found.refused += 1
            found.keys[use.who.key] += 1
            found.first_at = found.first_at or use.began
        if lease is None:
            continue
        heapq.heappush(running, (max(use.ended, use.began), number, lease, counted))
    return found


def _counted(limit: LimitEntry, index: LimitIndex, use: PastUse) -> Iterator[Consumption]:
    """What the limit counts of a request: nothing where it does not bind it."""
    if not limit.of_target and not index.of_request(use.who):
        return
    first = True
    for one in use.attempts:
        if limit.of_target and not index.of_target(use.who, one.provider, one.model):
            continue
        used = one.used or Consumption(cost=0.0)
        # A request is one, however often it was tried; a target counts each attempt.
        yield used._replace(requests=1 if first or limit.of_target else 0)
        first = False


def _together(units: Iterable[Mapping[str, float] | None]) -> dict[str, float]:
    found: dict[str, float] = {}
    for one in units:
        for name, count in (one or {}).items():
            found[name] = found.get(name, 0.0) + count
    return found


def _counter(
    limit: LimitEntry, counters: dict[str, Counter], scope: str, now: float, before: Before
) -> Counter:
    counter = counters.get(scope)
    if counter is None:
        counter = counters[scope] = Counter(limit, scope, now)
        if counter.of_ledger:
            used = before(Window(counter.begin, counter.end), scope)
            counter.told(counter.begin, used, 0.0, 0)
    return counter


def _admitted(counter: Counter, counted: list[Consumption], now: float) -> Lease | None:
    """Holds what will be used, if there is room for the prompt of it."""
    costs = [one.cost for one in counted]
    known = [one for one in costs if one is not None]
    whole = Consumption(
        prompt_tokens=sum(one.prompt_tokens for one in counted),
        completion_tokens=sum(one.completion_tokens for one in counted),
        cost=sum(known) if len(known) == len(costs) else None,
        running=True,
        cached_tokens=sum(one.cached_tokens for one in counted),
        reasoning_tokens=sum(one.reasoning_tokens for one in counted),
        requests=sum(one.requests for one in counted),
        units=_together(one.units for one in counted),
    )
    least = whole._replace(
        completion_tokens=0, reasoning_tokens=0, cost=None if whole.cost is None else 0.0
    )
    got = admit([counter], whole, least, now)
    return None if isinstance(got, Exceeded) else got
