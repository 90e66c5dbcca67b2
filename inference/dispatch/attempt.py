"""One candidate that is tried, from its permit to its entry in the record."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import structlog

from governance.interactions.record import AttemptRecord
from governance.limits.counting.admission import Lease
from governance.routing.plan import Candidate
from inference.dispatch.deadlines import Deadlines
from inference.dispatch.health import HealthBook, Permit
from inference.dispatch.timer_wheel import TimerWheel
from inference.record.record import RequestContext
from inference.upstream import (
    ConnectFailed,
    ConnectTimedOut,
    Reply,
    UndecodableBody,
    UpstreamError,
)
from inference.upstream.backend import UnusableProvider, first_event_timeout
from inference.upstream.tokens import TokenUnavailable
from inference.values.failures import AttemptFailed, Failure, Outcome, broken

log = structlog.get_logger("pointsman.dispatch")

SATURATED: Final = "saturated"
"""The code of an attempt that got no permit."""


STALE: Final = "stale_connection"
"""The code of a request that went out again, since its connection had died while it was idle."""
_STALE_CAUSE: Final = (
    "The connection had been closed while it was idle; the request went out again."
)
LONGEST_CAUSE: Final = 300
"""Characters of the sentence that a record keeps."""


class Attempt:
    """A context manager in which one candidate is tried.

    However its body ends, by an answer, a failure, the caller's leaving, a caller who does not
    read or a fault of our own, the attempt ends in `__exit__` and nowhere else: the deadlines are
    stopped, the connection is dropped unless its end is still to be read, the permit is released,
    and one entry is appended to the record.

    `failure` says afterwards how it failed; None when the answer was delivered. Failures do not
    leave the body, so that the next candidate may be tried; a cancellation does, and so does a
    fault of our own once something was `committed` to the caller.
    """

    __slots__ = (
        "_began",
        "_book",
        "_context",
        "_lease",
        "_loop",
        "_permit",
        "_reply",
        "_timer_wheel",
        "candidate",
        "code",
        "committed",
        "counted",
        "deadlines",
        "dropped",
        "ended",
        "failure",
        "status",
    )

    deadlines: Deadlines
    """Since `acquire`."""

    def __init__(
        self,
        candidate: Candidate,
        context: RequestContext,
        book: HealthBook,
        loop: asyncio.AbstractEventLoop,
        timer_wheel: TimerWheel,
    ) -> None:
        self.candidate = candidate
        self.failure: Failure | None = None
        self.committed = False
        """Something of the answer is for the caller alone from now on: a stream has begun."""
        self.counted = False
        """An earlier try of the request failed here, which was held against the provider."""
        self.ended = False
        """Its entry is written, and everything it held is given back."""
        self.dropped: tuple[str, ...] = ()
        """What of the request the candidate was not sent."""
        self.code = "ok"
        """Of the entry, when nothing fails."""
        self.status = 200
        """HTTP status of the entry, when nothing fails."""
        self._context = context
        self._book = book
        self._loop = loop
        self._timer_wheel = timer_wheel
        self._permit: Permit | None = None
        self._lease: Lease | None = None
        """What is held for it of the limits of its target."""
        self._reply: Reply | None = None

    def __enter__(self) -> Self:
        self._began = self._loop.time()
        return self

    @property
    def seconds(self) -> float:
        """Since it began."""
        return self._loop.time() - self._began

    def acquire(
        self,
        *,
        stream: bool,
        slow: float | None = None,
        on_slow: Callable[[], object] | None = None,
    ) -> None:
        """Takes leave to ask the provider, and starts the deadlines.

        `on_slow` is called when nothing meaningful has come after `slow` seconds. Raises
        `AttemptFailed` when the provider is at its limit of requests.
        """
        provider = self.candidate.provider
        if self._context.limits is not None:
            self._lease = self._context.limits.begin(self.candidate)
        self._permit = self._book.acquire(provider, self.candidate.model, stream=stream)
        if self._permit is None:
            raise AttemptFailed(_saturated(provider.name))
        carrier = asyncio.current_task(self._loop)
        assert carrier is not None
        self.deadlines = Deadlines(
            self._loop,
            self._timer_wheel,
            carrier,
            first_event=first_event_timeout(provider, stream=stream),
            idle=provider.idle_timeout,
            total=provider.total_timeout,
            slow=slow,
            on_slow=on_slow,
        )

    def started(self, reply: Reply) -> None:
        """There is a connection for the request: from now on a deadline aborts `reply`."""
        if self._reply is not None:
            self._note_stale()
        self._reply = reply
        self.deadlines.guard(reply)

    def _note_stale(self) -> None:
        """An upstream that got the request twice, since the first connection died, was asked
        twice: the record has an entry for each."""
        reply, self._reply = self._reply, None
        if reply is not None and reply.resent:
            candidate = self.candidate
            self._context.attempts.append(
                AttemptRecord(
                    candidate.provider.name,
                    candidate.model,
                    str(Outcome.RETRYABLE),
                    STALE,
                    0,
                    0.0,
                    candidate.is_local_fallback,
                    cause=_STALE_CAUSE,
                )
            )

    def answered(self) -> None:
        """The head of a reply is here."""
        if self._reply is not None:
            self._note_stale()

    def commit(self) -> None:
        """The first of its stream is here, and goes to the caller: nobody takes over now."""
        self.committed = True
        if self._permit is not None:
            self._book.began(self._permit)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        failure = None if error is None else self._failure_of(error)
        self._end(failure)
        return failure is not None and not (failure is CANCELLED or self._is_ours(failure))

    def lose(self) -> None:
        """Another candidate has answered first: this one ends now, wherever it is."""
        if self._permit is None or self.ended:
            return
        self._end(LOST_RACE)
        self.deadlines.end(LOST_RACE)

    def _end(self, failure: Failure | None) -> None:
        """Gives back what was held, and writes the entry; once."""
        if self.ended:
            return
        self.ended = True
        if self._reply is not None:
            self._note_stale()
        self.failure = failure
        if self._permit is not None:
            self.deadlines.stop()
            if failure is not None or not self.committed:
                self.deadlines.drop()
            self._book.release(self._permit, failure, counted=self.counted)
        if self._lease is not None and failure is not None and not self.committed:
            assert self._context.limits is not None
            self._context.limits.failed(self._lease)
        candidate = self.candidate
        outcome, code, status, cause = "ok", self.code, self.status, ""
        if failure is not None:
            outcome, code, status = str(failure.outcome), failure.code, failure.upstream_status
            cause = failure.message[:LONGEST_CAUSE]
        self._context.attempts.append(
            AttemptRecord(
                candidate.provider.name,
                candidate.model,
                outcome,
                code,
                status,
                (self._loop.time() - self._began) * 1000,
                candidate.is_local_fallback,
                started_ms=max(0.0, self._began - self._context.started) * 1000,
                cause=cause,
            )
        )

    def _failure_of(self, error: BaseException) -> Failure:
        """What an error inside the attempt means."""
        if not isinstance(error, Exception):
            return self._expired() or CANCELLED
        failure = failure_of(error)
        if failure is not None:
            return failure
        if not self.committed:
            # Ours, not the provider's: another candidate may need less of what is broken.
            log.error("attempt_crashed", request_id=self._context.id, exc_info=error)
        return CRASHED

    def _expired(self) -> Failure | None:
        """The deadline that cancelled the carrying task; None when someone else did too."""
        if self._permit is None or self.deadlines.expired is None:
            return None
        carrier = asyncio.current_task(self._loop)
        assert carrier is not None
        return None if carrier.uncancel() else self.deadlines.expired

    def _is_ours(self, failure: Failure) -> bool:
        """A fault of our own behind the commit: no candidate can take over."""
        return failure is CRASHED and self.committed


def failure_of(error: Exception) -> Failure | None:
    """What an error on the way to a provider and back means; None for one that lies elsewhere."""
    if isinstance(error, AttemptFailed):
        return error.failure
    if isinstance(error, ConnectTimedOut):
        return _CONNECT_TIMEOUT
    if isinstance(error, ConnectFailed):
        return _unreachable(error.cause)
    if isinstance(error, TokenUnavailable):
        return Failure(Outcome.MISCONFIGURED, "token_unavailable", str(error))
    if isinstance(error, UndecodableBody):
        return broken(error.code, str(error))
    if isinstance(error, UpstreamError):
        return _stream_died(error.cause)
    if isinstance(error, UnusableProvider):
        return Failure(Outcome.MISCONFIGURED, "unusable_provider", str(error))
    return None


CANCELLED: Final = Failure(Outcome.CANCELLED, "cancelled", "The caller left.")
LOST_RACE: Final = Failure(
    Outcome.CANCELLED, "lost_race", "Another candidate answered before this one."
)
"""Of a candidate that was asked beside another one. It is no failure, and says nothing of it."""
CRASHED: Final = Failure(
    Outcome.UNFIT, "internal_error", "The gateway failed to carry the answer.", 500
)
_CONNECT_TIMEOUT: Final = broken(
    "connect_timeout", "The provider did not accept a connection.", 504
)


def _unreachable(cause: str) -> Failure:
    why = f": {cause}" if cause else ""
    return broken("connect_failed", f"The provider could not be reached{why}.")


def _stream_died(cause: str) -> Failure:
    why = f": {cause}" if cause else ""
    return broken("stream_died", f"The provider's answer broke off{why}.")


def _saturated(provider: str) -> Failure:
    message = f"The provider {provider!r} is at its limit of requests."
    return Failure(Outcome.RETRYABLE, SATURATED, message, 503, retry_after=1)
