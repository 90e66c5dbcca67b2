"""How providers fare in this process: requests under way, breakers, and shares of their limits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
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
from inference.dispatch.reported_limits import Used, used_shares
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
        self._reported: dict[Key, HealthStatus] = {}
        self._statuses: dict[Key, HealthStatus] = {}
        self._look_at = 0.0

    def status(self, provider: str, model: str) -> HealthStatus | None:
        status = self._statuses.get((provider, model))
        limit = self._slots.get(provider)
        if limit is None or self.load(provider, model) < limit:
            return status
        if status is None:
            return _BUSY
        return replace(status, saturated=True)

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
        if breaker is None:
            return Permit(key, False, place, seat)
        begun = breakers.begin(breaker, self._clock(), self._settings)
        self._set(key, begun)
        return Permit(key, begun is not breaker and begun.state == "half_open", place, seat)

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
                self._set(key, breakers.succeeded(breaker, self._clock(), self._settings))
            return
        if breaker is None:
            if failure.outcome not in breakers.COUNTED:
                # Nothing was learned about a provider that nothing is known of.
                return
            breaker = breakers.NEW
        if counted and not probe and failure.retry_after is None:
            return
        failed = breakers.failed(
            breaker,
            str(failure.outcome),
            self._clock(),
            self.rng,
            self._settings,
            retry_after=failure.retry_after,
            probe=probe,
        )
        self._set(key, failed)

    def observe(
        self, provider: ProviderEntry, model: str, headers: Iterable[tuple[bytes, bytes]]
    ) -> None:
        """Takes note of the limits an upstream reports with its answers."""
        requests, tokens = used_shares(headers, time.time())
        key = (provider.name.casefold(), model)
        if requests is not None or tokens is not None:
            self._reported[key] = self._limits(requests, tokens)
        elif self._reported.pop(key, None) is None:
            return
        self._set(key, self._breakers.get(key, breakers.NEW))

    def _limits(self, requests: Used | None, tokens: Used | None) -> HealthStatus:
        now = self._clock()
        return HealthStatus(
            request_percent=requests and requests.percent,
            token_percent=tokens and tokens.percent,
            request_until=now + requests.renewal if requests else inf,
            token_until=now + tokens.renewal if tokens else inf,
        )

    def breaker(self, key: Key) -> Breaker | None:
        return self._breakers.get(key)

    def changed_at(self, key: Key) -> float:
        """When the breaker came into its state, whoever saw it; 0 for never."""
        return self._changed.get(key, 0.0)

    def install(self, key: Key, breaker: Breaker, changed: float) -> None:
        """The breaker as somebody else saw it."""
        self._set(key, breaker)
        self._changed[key] = changed
        self.touched.add(key)

    def _set(self, key: Key, breaker: Breaker) -> None:
        # Those that nothing was heard of for longest come first.
        before = self._breakers.pop(key, None)
        if _place(breaker) != _place(before):
            self._changed[key] = self._clock()
        if before is not None and before.state != breaker.state == "ramp":
            self._recovered.pop(key, None)
            self._recovered[key] = self._clock()
            if len(self._recovered) > MOST:
                del self._recovered[next(iter(self._recovered))]
        self._breakers[key] = breaker
        reported = self._reported.get(key)
        if reported is not None:
            self._statuses[key] = replace(
                reported, state=breaker.state, until=breaker.until, ramp=self._settings.ramp
            )
        elif breaker.state == "closed":
            self._statuses.pop(key, None)
        else:
            self._statuses[key] = HealthStatus(
                breaker.state, breaker.until, ramp=self._settings.ramp
            )
        if len(self._breakers) > MOST or self._clock() >= self._look_at:
            self._forget()

    def _forget(self) -> None:
        """Lets go of what says nothing any more, and of the oldest where there is too much: callers
        choose the names of models."""
        now = self._clock()
        self._look_at = now + FORGET_SECONDS
        surplus = max(0, len(self._breakers) - MOST * 3 // 4) if len(self._breakers) > MOST else 0
        for key, breaker in list(self._breakers.items()):
            reported = self._reported.get(key)
            told = reported is not None and now < max(_renewed(reported), breaker.since)
            old = now - breaker.since > 2 * breakers.DEFAULTS.window
            if surplus > 0 or (breaker.state == "closed" and old and not told):
                surplus -= 1
                del self._breakers[key]
                self._changed.pop(key, None)
                self._reported.pop(key, None)
                self._statuses.pop(key, None)


def _renewed(reported: HealthStatus) -> float:
    """When the last limit that was reported is counted afresh."""
    times = (reported.request_until, reported.token_until)
    return max((one for one in times if one != inf), default=0.0)


def _place(breaker: Breaker | None) -> tuple[str, float]:
    return ("closed", 0.0) if breaker is None else (breaker.state, breaker.until)


def slots(provider: ProviderEntry) -> int | None:
    """How many requests a provider may be sent at a time; None for no limit."""
    kind = kind_named(provider.kind)
    return provider.max_concurrency if kind is None else kind.permits(provider.max_concurrency)
