"""Deadlines of one attempt: first meaningful event, silence between events, the whole of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Protocol

from inference.dispatch.timer_wheel import TimerWheel
from inference.values.failures import AttemptFailed, Failure, Outcome, broken


class Abortable(Protocol):
    def abort(self, error: Exception | None = None) -> None: ...


class Deadlines:
    """Ends an attempt when a deadline passes, or one turn of the timer wheel later.

    While the attempt reads from its upstream, that is done by aborting the reply: reading then
    raises `AttemptFailed`. While it writes to a caller who does not read, nobody looks at the
    reply; then the task that carries the request is cancelled and `expired` says why.

    Touching it for every event costs an attribute: when the first deadline comes it looks at the
    clock and waits for what is left. All times are seconds on the loop's clock.
    """

    __slots__ = (
        "_carrier",
        "_first",
        "_idle",
        "_on_slow",
        "_patience",
        "_reply",
        "_slow",
        "_suspended",
        "_time",
        "_timer_wheel",
        "_total",
        "_touched",
        "_writing",
        "due",
        "expired",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        timer_wheel: TimerWheel,
        carrier: asyncio.Task[Any],
        *,
        first_event: float | None,
        idle: float | None,
        total: float | None,
        slow: float | None = None,
        on_slow: Callable[[], object] | None = None,
    ) -> None:
        """`on_slow` is called once when nothing meaningful has come for `slow` seconds."""
        now = loop.time()
        self._time = loop.time
        self._carrier = carrier
        self._idle = _NEVER if idle is None else idle
        self._touched: float | None = None
        self._patience = 0.0 if first_event is None else first_event
        self._first = _NEVER if first_event is None else now + first_event
        self._total = _NEVER if total is None else now + total
        self._reply: Abortable | None = None
        self._writing = False
        self.expired: Failure | None = None
        """Why the carrying task was cancelled, if the deadlines did that."""
        self._slow = _NEVER if slow is None else now + slow
        self._on_slow = on_slow
        self._suspended: float | None = None
        """Since when nothing but the silence within an answer counts."""
        # The silence allowed may begin at once, and end before the other deadlines.
        self.due = min(self._first, self._total, now + self._idle, self._slow)
        self._timer_wheel = timer_wheel
        timer_wheel.add(self)

    def guard(self, reply: Abortable) -> None:
        """From now on an expired deadline aborts `reply`."""
        self._reply = reply

    def unguard(self) -> None:
        """The reply was read and another one is to come: until then nothing can be aborted."""
        self._reply = None

    def drop(self) -> None:
        """Ends what was guarded, if its body was not read to the end."""
        if self._reply is not None:
            self._reply.abort()

    def suspend(self) -> None:
        """The caller is still sending: until `resume` no time passes for the upstream."""
        if self._suspended is None:
            self._suspended = self._time()

    def resume(self) -> None:
        if self._suspended is None:
            return
        passed, self._suspended = self._time() - self._suspended, None
        self._first, self._total = self._first + passed, self._total + passed
        self._slow += passed

    def touch(self) -> None:
        """Something meaningful arrived: from here the silence between events counts."""
        self._touched = self._time()

    def progress(self) -> None:
        """The upstream tells that it gets on with the prompt: the first event is waited for from
        here, as long as all of it may take."""
        if self._touched is None and self._first != _NEVER:
            self._first = self._time() + self._patience

    def writing(self) -> None:
        """Something meaningful is on its way to the caller, who may take as long to read it as
        the upstream may take to send the next."""
        self._touched = self._time()
        self._writing = True

    def written(self) -> None:
        """The caller took it: the upstream's silence counts from here."""
        self._touched = self._time()
        self._writing = False

    def stop(self) -> None:
        self._timer_wheel.discard(self)
        # It leads to whoever leads here: of a circle nothing is freed before it is looked for.
        self._on_slow = None

    def end_now(self) -> None:
        """The process is being stopped and waits no longer: whoever reads is told."""
        self.stop()
        if self._reply is not None and not self._writing:
            self._reply.abort(AttemptFailed(DRAINED))
        else:
            self.expired = DRAINED_UNREAD if self._writing else DRAINED
            self._carrier.cancel()

    def end(self, failure: Failure) -> None:
        """Ends the attempt now, whatever it waits for."""
        self.stop()
        self.drop()
        self.expired = failure
        self._carrier.cancel()

    def on_due(self, now: float) -> None:
        if self._suspended is not None and self._touched is None:
            self.due = now + 1.0
            return
        due, failure = self._next()
        if now >= self._slow:
            self._slow = _NEVER
            if self._touched is None and self._on_slow is not None:
                self._on_slow()
        if now < due:
            self.due = min(due, now + self._idle, self._slow)
        elif self._writing:
            self.stop()
            self.expired = CALLER_STALLED
            self._carrier.cancel()
        elif self._reply is not None:
            self.stop()
            self._reply.abort(AttemptFailed(failure))
        # Else it is still connecting, which has a deadline of its own: the next turn looks again.

    def _next(self) -> tuple[float, Failure]:
        """The next deadline, and what it means to miss it."""
        touched = self._touched
        if touched is None:
            soon, failure = self._first, _SLOW_START
        else:
            soon, failure = touched + self._idle, _SILENT
        return (soon, failure) if soon <= self._total else (self._total, _TOO_SLOW)


_NEVER: Final = float("inf")
_SLOW_START: Final = broken(
    "first_event_timeout", "The provider sent nothing meaningful within its deadline.", 504
)
_SILENT: Final = broken(
    "idle_timeout", "The provider fell silent in the middle of its answer.", 504
)
_TOO_SLOW: Final = broken("total_timeout", "The provider did not finish within its deadline.", 504)
DRAINED: Final = Failure(
    Outcome.CANCELLED, "drained", "The gateway is being stopped.", 503, retry_after=1.0
)
DRAINED_UNREAD: Final = Failure(
    Outcome.CANCELLED, "drained", "The gateway is being stopped, and the caller does not read."
)
CALLER_STALLED: Final = Failure(
    Outcome.CANCELLED, "caller_stalled", "The caller did not read the answer within the deadline."
)
"""Back-pressure that lasted too long. It says nothing about the provider."""


def end_all(timer_wheel: TimerWheel) -> int:
    """Ends every attempt that is under way, and says how many there were."""
    found = [one for one in timer_wheel.waiting() if isinstance(one, Deadlines)]
    for one in found:
        one.end_now()
    return len(found)
