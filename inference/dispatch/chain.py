"""The failures of one request's candidates: who may still be tried, and what its caller is told."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from governance.routing.plan import Candidate
from inference.dispatch.attempt import SATURATED
from inference.dispatch.deadlines import DRAINED
from inference.dispatch.results import Exhausted
from inference.values.failures import Failure, Outcome, broken

INEXPRESSIBLE: Final = "inexpressible"
"""The code of a failure that lies in the request and the candidate's protocol alone."""


_NOTHING: Final = broken("no_candidate", "There is nothing to try.", 503)


class _Failed(NamedTuple):
    candidate: Candidate
    failure: Failure


class FailedChain:
    """Takes the failures in the order in which they happen."""

    __slots__ = ("_failures", "_first", "_last", "_tried")

    def __init__(self) -> None:
        self._failures: list[Failure] = []
        self._first: _Failed | None = None
        """Of those who were asked."""
        self._last: _Failed | None = None
        """Of those whose failure is news."""
        self._tried = False

    @property
    def last_failure(self) -> Failure:
        return _NOTHING if self._last is None else self._last.failure

    def may_try(self, candidate: Candidate) -> bool:
        """Whether the local fallback may take over from what has failed; others always may."""
        if not candidate.is_local_fallback:
            return True
        if self.last_failure.code == INEXPRESSIBLE:
            # The request asks for too much, nobody has failed: its caller is to know.
            return False
        if not candidate.only_unreachable:
            return True
        asked = [one for one in self._failures if one.outcome is not Outcome.UNFIT]
        return all(one.outcome is Outcome.RETRYABLE for one in asked)

    def add(self, candidate: Candidate, failure: Failure) -> bool:
        """Whether another candidate may do better."""
        self._failures.append(failure)
        if candidate.is_local_fallback and failure.outcome is Outcome.TOO_LONG and self._first:
            # Which model was to be asked is what its caller knows of; the local one's context is
            # no news beside what became of that.
            self._last = self._first
            return False
        unfit = failure.outcome is Outcome.UNFIT
        # That a protocol lacks the words is no news beside a provider that failed.
        if not (self._tried and unfit):
            self._last = _Failed(candidate, failure)
        if self._first is None and not unfit:
            self._first = self._last
        self._tried = self._tried or failure.code != SATURATED
        return failure.moves_on

    def exhausted(self, told: Callable[[Candidate, Failure], Exhausted]) -> Exhausted:
        """What the caller is told, by the words that `told` gives, with what of it may pass."""
        passing = [
            one for one in self._failures if one.outcome is Outcome.RETRYABLE or one is DRAINED
        ]
        waits = [one.retry_after for one in passing if one.retry_after is not None]
        exhausted = Exhausted(_NOTHING) if self._last is None else told(*self._last)
        exhausted.transient = bool(passing)
        exhausted.retry_after = min(waits, default=None)
        return exhausted


class Chain:
    """Hands out each candidate once, to whoever asks first, and keeps the failures."""

    __slots__ = ("_candidates", "_failed", "_next", "stopped")

    def __init__(self, candidates: tuple[Candidate, ...]) -> None:
        self._candidates = candidates
        self._next = 0
        self._failed: FailedChain | None = None
        self.stopped = False
        """A failure that no other candidate can mend."""

    def exhausted(self, told: Callable[[Candidate, Failure], Exhausted]) -> Exhausted:
        """What the caller is told when nobody has answered; `told` gives that of one failure."""
        return (self._failed or FailedChain()).exhausted(told)

    @property
    def first(self) -> Candidate:
        """The one that was to answer."""
        return self._candidates[0]

    @property
    def last_failure(self) -> Failure:
        return _NOTHING if self._failed is None else self._failed.last_failure

    @property
    def has_more(self) -> bool:
        return self._next < len(self._candidates)

    @property
    def has_target(self) -> bool:
        """A target of the profile is left; the local fallback is none."""
        following = self._next
        return (
            following < len(self._candidates) and not self._candidates[following].is_local_fallback
        )

    def next(self) -> Candidate | None:
        """Whose turn it is; None when nobody is left who could do better."""
        if self.stopped or not self.has_more:
            return None
        candidate = self._candidates[self._next]
        if self._failed is not None and not self._failed.may_try(candidate):
            return None
        self._next += 1
        return candidate

    def next_target(self) -> Candidate | None:
        """The same, but never the local fallback."""
        return self.next() if self.has_target else None

    def failed(self, candidate: Candidate, failure: Failure) -> None:
        """A candidate is given up."""
        if self._failed is None:
            self._failed = FailedChain()
        if not self._failed.add(candidate, failure):
            self.stopped = True
