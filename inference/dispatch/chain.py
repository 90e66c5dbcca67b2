"""The candidates of one request: whose turn it is, and what is told when all are used up."""

from __future__ import annotations

from typing import Final

from governance.routing.plan import Candidate
from inference.dispatch.attempt import SATURATED
from inference.dispatch.results import Exhausted
from inference.values.failures import Outcome, broken

INEXPRESSIBLE: Final = "inexpressible"
"""The code of a failure that lies in the request and the candidate's protocol alone."""


class Chain:
    """Hands out each candidate once, to whoever asks first, and keeps the failures."""

    __slots__ = ("_candidates", "_exhausted", "_next", "_tried", "_waits", "stopped")

    def __init__(self, candidates: tuple[Candidate, ...]) -> None:
        self._candidates = candidates
        self._next = 0
        self._tried = False
        self._waits: list[float] | None = None
        self._exhausted: Exhausted | None = None
        self.stopped = False
        """A failure that no other candidate can mend."""

    @property
    def exhausted(self) -> Exhausted:
        """The failure that counts so far."""
        return Exhausted(_NOTHING) if self._exhausted is None else self._exhausted

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
        failed = self._exhausted
        if candidate.target is None and failed and failed.failure.code == INEXPRESSIBLE:
            # The request asks for too much, nobody has failed: its caller is to know.
            return None
        self._next += 1
        return candidate

    def next_target(self) -> Candidate | None:
        """The same, but never the local fallback."""
        return self.next() if self.has_target else None

    def failed(self, exhausted: Exhausted) -> None:
        """A candidate is given up, for the failure that `exhausted` tells."""
        failure, known = exhausted.failure, self._exhausted
        if failure.outcome is Outcome.RETRYABLE:
            exhausted.transient = True
            if failure.retry_after is not None:
                self._waits = [*(self._waits or ()), failure.retry_after]
        if known is not None:
            exhausted.transient = exhausted.transient or known.transient
        # That a protocol lacks the words is no news beside a provider that failed.
        if known is not None and self._tried and failure.outcome is Outcome.UNFIT:
            known.transient = exhausted.transient
            exhausted = known
        self._exhausted = exhausted
        self._tried = self._tried or failure.code != SATURATED
        exhausted.retry_after = min(self._waits or (), default=None)
        self.stopped = self.stopped or not failure.moves_on


_NOTHING: Final = broken("no_candidate", "There is nothing to try.", 503)
