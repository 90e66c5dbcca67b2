"""Deadlines of one attempt: first meaningful event, silence between events, the whole of it."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from inference.dispatch.failures import Failure, broken
from inference.dispatch.timer_wheel import TimerWheel


class Abortable(Protocol):
    def abort(self, error: Exception | None = None) -> None: ...


class Expired(Exception):
    """A deadline passed; `failure` says which."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Deadlines:
    """Drops the connection when a deadline passes, or a sweep later.

    Touching it on every chunk costs an attribute: when the first deadline comes it looks at the
    clock and waits for what is left. All times are seconds on the loop's clock.
    """

    __slots__ = ("_first", "_idle", "_loop", "_reply", "_sweep", "_total", "_touched", "due")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sweep: TimerWheel,
        *,
        first_event: float | None,
        idle: float | None,
        total: float | None,
    ) -> None:
        now = loop.time()
        self._loop = loop
        self._idle = _NEVER if idle is None else idle
        self._touched: float | None = None
        self._first = _NEVER if first_event is None else now + first_event
        self._total = _NEVER if total is None else now + total
        self._reply: Abortable | None = None
        # The silence allowed may begin at once, and end before the other deadlines.
        self.due = min(self._first, self._total, now + self._idle)
        self._sweep = sweep
        sweep.add(self)

    def guard(self, reply: Abortable) -> None:
        """From now on an expired deadline aborts `reply`."""
        self._reply = reply

    def drop(self) -> None:
        """Ends what was guarded, if its body was not read to the end."""
        if self._reply is not None:
            self._reply.abort()

    def touch(self) -> None:
        """Something meaningful arrived: from here the silence between events counts."""
        self._touched = self._loop.time()

    def stop(self) -> None:
        self._sweep.discard(self)

    def look(self, now: float) -> None:
        due, failure = self._next()
        if now < due:
            self.due = min(due, now + self._idle)
        elif self._reply is not None:
            self.stop()
            self._reply.abort(Expired(failure))
        # Else it is still connecting, which has a deadline of its own: the next sweep looks again.

    def _next(self) -> tuple[float, Failure]:
        """The next deadline, and what it means to miss it."""
        touched = self._touched
        if touched is None:
            soon, failure = self._first, _SLOW_START
        else:
            soon, failure = touched + self._idle, _SILENT
        return (soon, failure) if soon <= self._total else (self._total, _TOO_SLOW)


_NEVER: Final = float("inf")
_SLOW_START = broken(
    "first_event_timeout", "The provider sent nothing meaningful within its deadline.", 504
)
_SILENT = broken("idle_timeout", "The provider fell silent in the middle of its answer.", 504)
_TOO_SLOW = broken("total_timeout", "The provider did not finish within its deadline.", 504)
