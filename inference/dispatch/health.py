"""How providers fare in this process: requests under way, breakers, and shares of their limits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from math import inf
from typing import Final, NamedTuple

from governance.kinds import kind_named
from governance.routing import breaker as health
from governance.routing.breaker import Breaker, HealthStatus
from governance.routing.table import Provider
from governance.strategies.strategy import Rng
from inference.dispatch.failures import Failure
from inference.dispatch.reported_limits import Used, used_shares

Key = tuple[str, str]
"""Casefolded provider and model."""

_BUSY: Final = HealthStatus(saturated=True)


class Permit(NamedTuple):
    """One request under way."""

    key: Key
    probe: bool
    """It is the one that finds out whether a cooled-down provider answers again."""


class HealthBook:
    """Remembers how attempts ended, for one process. Not for several threads.

    It is what routing reads as `Health`; a provider's model that never failed has no entry.
    """

    def __init__(self, *, rng: Rng, clock: Callable[[], float] = time.monotonic) -> None:
        self._rng = rng
        self._clock = clock
        self._under_way: dict[str, int] = {}
        self._full: set[str] = set()
        self._breakers: dict[Key, Breaker] = {}
        self._shares: dict[Key, HealthStatus] = {}
        self._standings: dict[Key, HealthStatus] = {}

    def standing(self, provider: str, model: str) -> HealthStatus | None:
        standing = self._standings.get((provider, model))
        if provider not in self._full:
            return standing
        if standing is None:
            return _BUSY
        return replace(standing, saturated=True)

    def standings(self) -> dict[Key, HealthStatus]:
        """Everything held against anyone at this moment."""
        return dict(self._standings)

    def under_way(self, provider: str) -> int:
        return self._under_way.get(provider.casefold(), 0)

    def take(self, provider: Provider, model: str) -> Permit | None:
        """A place for one more request to the provider; None when all are taken.

        Every slot ends in one of `succeeded`, `failed` and `abandoned`, which give it back.
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
        begun = health.begin(breaker, self._clock())
        self._set(key, begun)
        return Permit(key, probe=begun is not breaker)

    def succeeded(self, slot: Permit) -> None:
        """The answer was delivered to its end."""
        self._give_back(slot)
        breaker = self._breakers.get(slot.key)
        if breaker is not None:
            self._set(slot.key, health.succeeded(breaker, self._clock()))

    def failed(self, slot: Permit, failure: Failure) -> None:
        self._give_back(slot)
        self._judge(slot, str(failure.outcome), failure.retry_after)

    def abandoned(self, slot: Permit) -> None:
        """The caller left: nothing was learned."""
        self._give_back(slot)
        if slot.key in self._breakers:
            self._judge(slot, "cancelled", None)

    def _judge(self, slot: Permit, outcome: str, retry_after: float | None) -> None:
        breaker = health.failed(
            self._breakers.get(slot.key, health.NEW),
            outcome,
            self._clock(),
            self._rng,
            retry_after=retry_after,
            probe=slot.probe,
        )
        self._set(slot.key, breaker)

    def _give_back(self, slot: Permit) -> None:
        name = slot.key[0]
        self._under_way[name] -= 1
        self._full.discard(name)

    def observe(
        self, provider: Provider, model: str, headers: Iterable[tuple[bytes, bytes]]
    ) -> None:
        """Takes note of the limits an upstream reports with its answers."""
        requests, tokens = used_shares(headers, time.time())
        key = (provider.name.casefold(), model)
        if requests is not None or tokens is not None:
            self._shares[key] = self._limits(requests, tokens)
        elif self._shares.pop(key, None) is None:
            return
        self._set(key, self._breakers.get(key, health.NEW))

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
        limits = self._shares.get(key)
        if limits is not None:
            self._standings[key] = replace(limits, state=breaker.state, until=breaker.until)
        elif breaker.state == "closed":
            self._standings.pop(key, None)
        else:
            self._standings[key] = HealthStatus(breaker.state, breaker.until)


def slots(provider: Provider) -> int | None:
    """How many requests a provider may be sent at a time; None for no limit."""
    kind = kind_named(provider.kind)
    return provider.max_concurrency if kind is None else kind.permits(provider.max_concurrency)
