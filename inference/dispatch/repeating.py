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
UNNAMED: Final = 1.0
"""Seconds before the first repeat at a provider that is at its limit and does not say for how long;
twice as many before each further one, and a random share of it more, up to `LONGEST_WAIT`. Not
every client asks again by itself after a 429: Codex ends the job of its user."""


def wait_before_repeat(
    failure: Failure, repeats: int, allowed: int, rng: Rng, *, is_last: bool
) -> float | None:
    """Seconds until the next try at the same place, after so many `repeats`; None for none.

    `is_last` says that nobody else is left to be asked in the meantime.
    """
    if repeats >= allowed or failure.outcome is not Outcome.RETRYABLE:
        return None
    if failure.upstream_status == 429:
        wait = failure.retry_after
        if wait is None and is_last:
            return min(UNNAMED * (1 << repeats) * (1.0 + 0.5 * rng.random()), LONGEST_WAIT)
        return wait if wait is not None and wait <= LONGEST_WAIT else None
    if repeats or failure.code not in ONCE:
        return None
    return SHORTEST * (1.0 + rng.random())
