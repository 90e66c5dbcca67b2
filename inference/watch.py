"""Deadlines of one attempt: first meaningful event, silence between events, the whole of it."""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from inference.failures import Failure, broken


class Abortable(Protocol):
    def abort(self, error: Exception | None = None) -> None: ...


class Expired(Exception):
    """A deadline passed; `failure` says which."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Watch:
    """One timer that drops the connection when a deadline passes.

    Touching it on every chunk costs an attribute: the timer fires no later than the silence
    allowed after it was set, looks at the clock, and sets itself again for what is left. All times
    are seconds on the loop's clock.
    """

    __slots__ = ("_first", "_handle", "_idle", "_loop", "_reply", "_total", "_touched")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
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
        self._handle: asyncio.TimerHandle | None = None
        self._arm(now)

    def guard(self, reply: Abortable) -> None:
        """From now on an expired deadline aborts `reply`."""
        self._reply = reply

    def touch(self) -> None:
        """Something meaningful arrived: from here the silence between events counts."""
        self._touched = self._loop.time()

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _due(self) -> tuple[float, Failure]:
        """The next deadline, and what it means to miss it."""
        touched = self._touched
        if touched is None:
            soon, failure = self._first, _SLOW_START
        else:
            soon, failure = touched + self._idle, _SILENT
        return (soon, failure) if soon <= self._total else (self._total, _TOO_SLOW)

    def _arm(self, now: float) -> None:
        due = min(self._due()[0], now + self._idle)
        if due < _NEVER:
            self._handle = self._loop.call_at(due, self._fire)

    def _fire(self) -> None:
        self._handle = None
        now = self._loop.time()
        due, failure = self._due()
        # The clock's resolution may let a timer fire a hair early.
        if now + 0.001 < due:
            self._arm(now)
        elif self._reply is not None:
            self._reply.abort(Expired(failure))
        else:
            # Still connecting, which has a deadline of its own: look again soon.
            self._handle = self._loop.call_later(0.05, self._fire)


_NEVER: Final = float("inf")
_SLOW_START = broken(
    "first_event_timeout", "The provider sent nothing meaningful within its deadline.", 504
)
_SILENT = broken("idle_timeout", "The provider fell silent in the middle of its answer.", 504)
_TOO_SLOW = broken("total_timeout", "The provider did not finish within its deadline.", 504)
