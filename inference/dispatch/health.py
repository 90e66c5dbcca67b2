"""How providers fare in this process: requests under way, breakers, and shares of their limits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from math import inf
from typing import Final, NamedTuple

from governance.kinds import kind_named
from governance.routing import breaker as breakers
from governance.routing.breaker import Breaker, HealthStatus
from governance.routing.table import ProviderEntry
from governance.strategies.strategy import Rng
from inference.dispatch.repair_book import RepairBook
from inference.dispatch.reported_limits import Used, used_shares
from inference.values.failures import Failure

Key = tuple[str, str]
"""Casefolded provider and model."""

_BUSY: Final = HealthStatus(saturated=True)


class Permit(NamedTuple):
    """Leave for one request to a provider, until it is released."""

    key: Key
    probe: bool
    """It is the one that finds out whether a cooled-down provider answers again."""


class HealthBook:
    """Remembers how attempts ended, for one process. Not for several threads.

    It is what routing reads as `Health`; a provider's model that never failed has no entry.
    """

    def __init__(self, *, rng: Rng, clock: Callable[[], float] = time.monotonic) -> None:
        self.repairs = RepairBook(clock)
        """What providers' models were found to refuse."""
        self._rng = rng
        self._clock = clock
        self._under_way: dict[str, int] = {}
        self._full: set[str] = set()
        self._breakers: dict[Key, Breaker] = {}
        self._reported: dict[Key, HealthStatus] = {}
        self._statuses: dict[Key, HealthStatus] = {}

    def status(self, provider: str, model: str) -> HealthStatus | None:
        status = self._statuses.get((provider, model))
        if provider not in self._full:
            return status
        if status is None:
            return _BUSY
        return replace(status, saturated=True)

    def statuses(self) -> dict[Key, HealthStatus]:
        """Everything held against anyone at this moment."""
        return dict(self._statuses)

    def under_way(self, provider: str) -> int:
        return self._under_way.get(provider.casefold(), 0)

    def acquire(self, provider: ProviderEntry, model: str) -> Permit | None:
        """Leave for one more request to the provider; None when it is at its limit.

        Every permit ends in `release`, once.
        """
        name = provider.name.casefold()
        busy = self._under_way.get(name, 0) + 1
        limit = slots(provider)
        if limit is not None:
            if busy > limit:
                return None
            if busy == limit:
                self._full.add(name)
        self._under_way[name] = busy
        key = (name, model)
        breaker = self._breakers.get(key)
        if breaker is None:
            return Permit(key, probe=False)
        begun = breakers.begin(breaker, self._clock())
        self._set(key, begun)
        return Permit(key, probe=begun is not breaker)

    def release(self, permit: Permit, failure: Failure | None = None) -> None:
        """The request of the permit ended: delivered to its end, or in `failure`."""
        key, probe = permit
        name = key[0]
        self._under_way[name] -= 1
        self._full.discard(name)
        breaker = self._breakers.get(key)
        if failure is None:
            if breaker is not None:
                self._set(key, breakers.succeeded(breaker, self._clock()))
            return
        if breaker is None:
            if failure.outcome not in breakers.COUNTED:
                # Nothing was learned about a provider that nothing is known of.
                return
            breaker = breakers.NEW
        failed = breakers.failed(
            breaker,
            str(failure.outcome),
            self._clock(),
            self._rng,
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

    def _set(self, key: Key, breaker: Breaker) -> None:
        self._breakers[key] = breaker
        reported = self._reported.get(key)
        if reported is not None:
            self._statuses[key] = replace(reported, state=breaker.state, until=breaker.until)
        elif breaker.state == "closed":
            self._statuses.pop(key, None)
        else:
            self._statuses[key] = HealthStatus(breaker.state, breaker.until)


def slots(provider: ProviderEntry) -> int | None:
    """How many requests a provider may be sent at a time; None for no limit."""
    kind = kind_named(provider.kind)
    return provider.max_concurrency if kind is None else kind.permits(provider.max_concurrency)
