"""How much more than one try a request may cost: a share of recent requests. PURE."""

from __future__ import annotations

from collections.abc import Callable


class Budget:
    """A token bucket that requests fill, each by a share of a token, and time by a little.

    What is asked for twice while everything fails makes everything fail faster, so there is an end
    to it; a service with few requests may do it all the same now and then.
    """

    __slots__ = ("_at", "_counted", "_most", "_rate", "_share", "_tokens")

    def __init__(self, share: float, rate: float, most: float, now: float, counted: int) -> None:
        """`share` is what a request adds, `rate` what a second adds, `most` what it holds, which
        is also what it begins with at a low rate. `counted` are the requests so far."""
        self._share = share
        self._rate = rate
        self._most = most
        self._tokens = min(most, rate * _LOOK_BACK)
        self._at = now
        self._counted = counted

    def spend(self, now: float, counted: int) -> bool:
        """Whether there is a token, which is then spent; `counted` are the requests so far."""
        grown = (counted - self._counted) * self._share + (now - self._at) * self._rate
        self._tokens = min(self._most, self._tokens + grown)
        self._at, self._counted = now, counted
        if self._tokens < 1.0:
            return False
        self._tokens -= 1.0
        return True


_LOOK_BACK = 60.0
"""Seconds of quiet that a new budget is taken to have behind it."""


def retry_budget(now: float, counted: int) -> Budget:
    """Of a provider: a tenth of its requests, and ten a minute in any case."""
    return Budget(0.1, 10 / 60, 10.0, now, counted)


def hedge_budget(now: float, counted: int) -> Budget:
    """Of a profile: a twentieth of its requests, and one every ten seconds in any case."""
    return Budget(0.05, 1 / 10, 6.0, now, counted)


class Budgets:
    """Of all providers and profiles, for one process."""

    __slots__ = ("_asked", "_chosen", "_clock", "_hedged", "_retries")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._asked: dict[str, int] = {}
        """Requests so far, by casefolded provider."""
        self._retries: dict[str, Budget] = {}
        self._hedged: dict[str, Budget] = {}
        self._chosen: dict[str, int] = {}
        """Requests so far that could have been hedged, by profile."""

    def asked(self, provider: str) -> None:
        """A request goes to the provider, casefolded."""
        self._asked[provider] = self._asked.get(provider, 0) + 1

    def may_repeat(self, provider: str) -> bool:
        """Whether the provider's budget has room for one more try, which is then spent."""
        name, now = provider.casefold(), self._clock()
        asked = self._asked.get(name, 0)
        budget = self._retries.get(name)
        if budget is None:
            budget = self._retries[name] = retry_budget(now, asked)
        return budget.spend(now, asked)

    def chose(self, profile: str) -> None:
        """A request to the profile begins that may be hedged."""
        self._chosen[profile] = self._chosen.get(profile, 0) + 1

    def may_hedge(self, profile: str) -> bool:
        """Whether the profile's budget has room for one more hedge, which is then spent."""
        now, chosen = self._clock(), self._chosen.get(profile, 0)
        budget = self._hedged.get(profile)
        if budget is None:
            budget = self._hedged[profile] = hedge_budget(now, chosen)
        return budget.spend(now, chosen)
