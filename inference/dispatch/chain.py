"""The failures of one request's candidates: who may still be tried, and what its caller is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from governance.routing.plan import Candidate
from inference.dispatch.attempt import SATURATED
from inference.dispatch.results import Exhausted
from inference.values.failures import Failure, Outcome, broken

INEXPRESSIBLE: Final = "inexpressible"
"""The code of a failure that lies in the request and the candidate's protocol alone."""


class FailedChain:
    """Takes the failures in the order in which they happen."""

    __slots__ = ("_failures", "_first", "_last", "_tried")

    def __init__(self) -> None:
        self._failures: list[Failure] = []
        self._first: Exhausted | None = None
        """Of those who were asked."""
        self._last = Exhausted(broken("no_candidate", "There is nothing to try.", 503))
        self._tried = False

    def may_try(self, candidate: Candidate) -> bool:
        """Whether the local fallback may take over from what has failed; others always may."""
        if not candidate.is_local_fallback:
            return True
        if self._last.failure.code == INEXPRESSIBLE:
            # The request asks for too much, nobody has failed: its caller is to know.
            return False
        if not candidate.only_unreachable:
            return True
        asked = [one for one in self._failures if one.outcome is not Outcome.UNFIT]
        return all(one.outcome is Outcome.RETRYABLE for one in asked)

    def add(
        self,
        candidate: Candidate,
        failure: Failure,
        told: Callable[[Candidate, Failure], Exhausted],
    ) -> bool:
        """Whether another candidate may do better. `told` gives what the caller is told."""
        self._failures.append(failure)
        if candidate.is_local_fallback and failure.outcome is Outcome.TOO_LONG and self._first:
            # Which model was to be asked is what its caller knows of; the local one's context is
            # no news beside what became of that.
            self._last = self._first
            return False
        unfit = failure.outcome is Outcome.UNFIT
        # That a protocol lacks the words is no news beside a provider that failed.
        if not (self._tried and unfit):
            self._last = told(candidate, failure)
        if self._first is None and not unfit:
            self._first = self._last
        self._tried = self._tried or failure.code != SATURATED
        return failure.moves_on

    def exhausted(self) -> Exhausted:
        """What the caller is told, with what of it may pass."""
        passing = [one for one in self._failures if one.outcome is Outcome.RETRYABLE]
        waits = [one.retry_after for one in passing if one.retry_after is not None]
        self._last.transient = bool(passing)
        self._last.retry_after = min(waits, default=None)
        return self._last
