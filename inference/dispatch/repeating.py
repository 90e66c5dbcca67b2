"""Whether a try that failed is made again at the same place, and when. PURE."""

from __future__ import annotations

from typing import Final

from governance.strategies.strategy import Rng
from inference.values.failures import Failure, Outcome

ONCE: Final = frozenset({"connect_failed", "stream_died", "http_500", "http_502", "http_504"})
"""Codes of failures that are repeated once: accidents of a moment. An overload (503, 529) and a
deadline are not among them: asking again makes the one worse and the other longer."""
LONGEST_WAIT: Final = 5.0
"""Seconds that a provider at its limit may ask for and still be waited for."""
SHORTEST: Final = 0.1
"""Seconds before a repeat, which a random share of as much again is added to, so that requests
which failed together do not come back together."""


def wait_before_repeat(failure: Failure, repeats: int, allowed: int, rng: Rng) -> float | None:
    """Seconds until the next try at the same place, after so many `repeats`; None for none."""
    if repeats >= allowed or failure.outcome is not Outcome.RETRYABLE:
        return None
    if failure.upstream_status == 429:
        wait = failure.retry_after
        return wait if wait is not None and wait <= LONGEST_WAIT else None
    if repeats or failure.code not in ONCE:
        return None
    return SHORTEST * (1.0 + rng.random())
