"""How much more than one try a request may cost: a share of recent requests. PURE."""

from __future__ import annotations


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
