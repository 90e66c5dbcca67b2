"""How providers fare in this process: requests under way, breakers, and shares of their limits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from math import inf
from typing import Final, NamedTuple, Protocol

from governance.kinds import kind_named
from governance.routing import breaker as breakers
from governance.routing.breaker import Breaker, HealthSettings, HealthStatus
from governance.routing.sessions import Served
from governance.routing.table import ProviderEntry
from governance.strategies.strategy import Rng
from inference.dispatch.budget import Budgets
from inference.dispatch.health_elsewhere import Others
from inference.dispatch.latency import Speeds
from inference.dispatch.local_queues import LocalQueues, QueuePlace
from inference.dispatch.repair_book import RepairBook
from inference.dispatch.reported_limits import used_shares
from inference.dispatch.session_book import SessionBook
from inference.values.failures import Failure

Key = tuple[str, str]
"""Casefolded provider and model."""

MOST: Final = 4096
"""Models of providers that something is kept of."""
FORGET_SECONDS: Final = 60.0
"""Between two looks for what can be forgotten."""
_BUSY: Final = HealthStatus(saturated=True)


class Permit(NamedTuple):
    """Leave for one request to a provider, until it is released."""

    key: Key
    probe: bool
    """It is the one that finds out whether a cooled-down provider answers again."""
    place: QueuePlace | None = None
    """In the queue of a local model."""
    seat: int | None = None
    """Of those that the processes of the node share."""


class Seats(Protocol):
    """What the processes of a node take their requests at a time from."""

    def take(self, provider: str, limit: int) -> int | None:
        """One of them; None when all are taken."""

    def give(self, provider: str, seat: int) -> None: ...


class HealthBook:
    """Remembers how attempts ended, for one process. Not for several threads.

    It is what routing reads as `Health`; a provider's model that never failed has no entry.
    """

    def __init__(
        self,
        *,
        rng: Rng,
        clock: Callable[[], float] = time.monotonic,
        settings: HealthSettings = breakers.DEFAULTS,
    ) -> None:
        self._settings = settings
        self.repairs = RepairBook(clock)
        """What providers' models were found to refuse."""
        self.speeds = Speeds()
        self.sessions = SessionBook(clock)
        self.queues = LocalQueues()
        self._recovered: dict[Key, float] = {}
        self.rng = rng
        self._clock = clock
        self._under_way: dict[str, int] = {}
        self.budgets = Budgets(clock)
        self._slots: dict[str, int] = {}
        """Requests at a time, by provider, where there is such a limit."""
        self.seats: Seats | None = None
        """Where the processes of the node share these; None: each has all of them."""
        self.others = Others()
        self.touched: set[Key] = set()
        """About which there may be news for other processes."""
        self._changed: dict[Key, float] = {}
        self.lent: dict[str, dict[object, Callable[[], object]]] = {}
        """By provider: copies of requests that use what nobody else needs, and how each ends."""
        self._breakers: dict[Key, Breaker] = {}
        self._statuses: dict[Key, HealthStatus] = {}
        """Of those that report limits, or whose breaker is not closed."""
        self._look_at = 0.0

    def status(self, provider: str, model: str) -> HealthStatus | None:
        status = self._statuses.get((provider, model))
        limit = self._slots.get(provider)
        if limit is None or self.load(provider, model) < limit:
            return status
        if status is None:
            return _BUSY
        return status._replace(saturated=True)

    def load(self, provider: str, model: str) -> int:
        """Of all processes of the node."""
        return self._under_way.get(provider, 0) + self.others.under_way.get(provider, 0)

    def seconds(self, provider: str, model: str) -> float:
        key = provider, model
        return self.speeds.seconds(provider, model) or self.others.seconds.get(key, 0.0)

    def answer_tokens(self, provider: str, model: str) -> float:
        return self.speeds.answer_tokens(provider, model)

    def wait(self, provider: str, model: str) -> float:
        return self.queues.wait((provider, model), self._clock())

    def served(self, session: str) -> Served | None:
        return self.sessions.served(session)

    def recovered(self, provider: str, model: str) -> float:
        return self._recovered.get((provider, model), 0.0)

    def statuses(self) -> dict[Key, HealthStatus]:
        """Everything held against anyone at this moment."""
        return dict(self._statuses)

    def all_under_way(self) -> dict[str, int]:
        """Requests of this process, by casefolded provider."""
        return dict(self._under_way)

    def under_way(self, provider: str) -> int:
        return self._under_way.get(provider.casefold(), 0)

    def acquire(self, provider: ProviderEntry, model: str, *, stream: bool = True) -> Permit | None:
        """Leave for one more request to the provider; None when it is at its limit.

        Every permit ends in `release`, once.
        """
        name = provider.name.casefold()
        busy = self._under_way.get(name, 0) + 1
        limit, seat = slots(provider), None
        if limit is not None:
            self._slots[name] = limit
            if busy > limit:
                return None
            if self.seats is not None:
                seat = self.seats.take(name, limit)
                if seat is None:
                    return None
            lent = self.lent.get(name)
            if lent and self.load(name, model) + 1 + len(lent) > limit:
                lent.popitem()[1]()
        else:
            self._slots.pop(name, None)
        self._under_way[name] = busy
        self.budgets.asked(name)
        key = (name, model)
        place = None
        if len(self.touched) > MOST:
            # Nobody tells the others.
            self.touched.clear()
        self.touched.add(key)
        if provider.is_local:
            place = self.queues.of(key).enter(self._clock(), stream=stream)
        breaker = self._breakers.get(key)
        probe = breaker is not None and self._begin(key, breaker)
        return Permit(key, probe, place, seat)

    def _begin(self, key: Key, breaker: Breaker) -> bool:
        """Whether the request that is sent now is the probe."""
        now = self._clock()
        begun = breakers.begin(breaker, now, self._settings)
        if begun is breaker:
            if now >= self._look_at:
                self._forget(now)
            return False
        self._set(key, begun, now)
        return begun.state == "half_open"

    def began(self, permit: Permit) -> None:
        """The first token of the permit's stream is here."""
        if permit.place is not None:
            self.queues.of(permit.key).begin(permit.place, self._clock())

    def release(
        self, permit: Permit, failure: Failure | None = None, *, counted: bool = False
    ) -> None:
        """The request of the permit ended: delivered to its end, or in `failure`.

        A failure that was `counted` says nothing new: an earlier try of the same request failed at
        the same place.
        """
        key, probe, place, seat = permit
        name = key[0]
        self.touched.add(key)
        if seat is not None and self.seats is not None:
            self.seats.give(name, seat)
        if place is not None:
            self.queues.of(key).leave(place, self._clock())
        left = self._under_way[name] - 1
        if left:
            self._under_way[name] = left
        else:
            del self._under_way[name]
        breaker = self._breakers.get(key)
        if failure is None:
            if breaker is not None:
                now = self._clock()
                self._set(key, breakers.succeeded(breaker, now, self._settings), now)
            return
        if breaker is None:
            if failure.outcome not in breakers.COUNTED:
                # Nothing was learned about a provider that nothing is known of.
                return
            breaker = breakers.NEW
        if counted and not probe and failure.retry_after is None:
            return
        now = self._clock()
        failed = breakers.failed(
            breaker,
            str(failure.outcome),
            now,
            self.rng,
            self._settings,
            retry_after=failure.retry_after,
            probe=probe,
        )
        self._set(key, failed, now)

    def observe(
        self, provider: ProviderEntry, model: str, headers: Iterable[tuple[bytes, bytes]]
    ) -> None:
        """Takes note of the limits an upstream reports with its answers."""
        requests, tokens = used_shares(headers, time.time())
        key = (provider.name.casefold(), model)
        nothing = requests is None and tokens is None
        if nothing and key not in self._statuses:
            return
        breaker, now = self._breakers.get(key, breakers.NEW), self._clock()
        if nothing and breaker.state == "closed":
            del self._statuses[key]
            return
        self._statuses[key] = HealthStatus(
            breaker.state,
            breaker.until,
            request_percent=requests and requests.percent,
            token_percent=tokens and tokens.percent,
            request_until=now + requests.renewal if requests else inf,
            token_until=now + tokens.renewal if tokens else inf,
            ramp=self._settings.ramp,
        )
        if key not in self._breakers:
            # It is what is forgotten in time, with all that is known beside it.
            self._set(key, breaker, now)

    def breaker(self, key: Key) -> Breaker | None:
        return self._breakers.get(key)

    def changed_at(self, key: Key) -> float:
        """When the breaker came into its state, whoever saw it; 0 for never."""
        return self._changed.get(key, 0.0)

    def install(self, key: Key, breaker: Breaker, changed: float) -> None:
        """The breaker as somebody else saw it."""
        self._set(key, breaker, self._clock())
        self._changed[key] = changed
        self.touched.add(key)

    def _set(self, key: Key, breaker: Breaker, now: float) -> None:
        # Those that nothing was heard of for longest come first.
        before = self._breakers.pop(key, None)
        self._breakers[key] = breaker
        known = before or breakers.NEW
        if breaker.state != known.state or breaker.until != known.until:
            self._moved(key, before, breaker, now)
        if len(self._breakers) > MOST or now >= self._look_at:
            self._forget(now)

    def _moved(self, key: Key, before: Breaker | None, breaker: Breaker, now: float) -> None:
        """The breaker came into another state, or stays in it until another time."""
        self._changed[key] = now
        if before is not None and before.state != breaker.state == "ramp":
            self._recovered.pop(key, None)
            self._recovered[key] = now
            if len(self._recovered) > MOST:
                del self._recovered[next(iter(self._recovered))]
        status = self._statuses.get(key) or HealthStatus(ramp=self._settings.ramp)
        if breaker.state == "closed" and not status.reports:
            self._statuses.pop(key, None)
        else:
            self._statuses[key] = status._replace(state=breaker.state, until=breaker.until)

    def _forget(self, now: float) -> None:
        """Lets go of what says nothing any more, and of the oldest where there is too much: callers
        choose the names of models."""
        self._look_at = now + FORGET_SECONDS
        surplus = max(0, len(self._breakers) - MOST * 3 // 4) if len(self._breakers) > MOST else 0
        for key, breaker in list(self._breakers.items()):
            status = self._statuses.get(key)
            told = status is not None and now < max(_renewed(status), breaker.since)
            old = now - breaker.since > 2 * breakers.DEFAULTS.window
            if surplus > 0 or (breaker.state == "closed" and old and not told):
                surplus -= 1
                del self._breakers[key]
                self._changed.pop(key, None)
                self._statuses.pop(key, None)


def _renewed(status: HealthStatus) -> float:
    """When the last limit that was reported is counted afresh."""
    times = (status.request_until, status.token_until)
    return max((one for one in times if one != inf), default=0.0)


def slots(provider: ProviderEntry) -> int | None:
    """How many requests a provider may be sent at a time; None for no limit."""
    kind = kind_named(provider.kind)
    return provider.max_concurrency if kind is None else kind.permits(provider.max_concurrency)
