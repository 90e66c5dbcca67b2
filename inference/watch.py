"""Deadlines of one attempt: first meaningful event, silence between events, the whole of it."""

from __future__ import annotations

import asyncio
from typing import Protocol

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

    Touching it on every chunk costs an attribute; the timer looks at the clock when it fires and
    sets itself again for what is left. All times are seconds on the loop's clock.
    """

    __slots__ = ("_due_first", "_due_total", "_handle", "_idle", "_loop", "_reply", "_touched")

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
        self._idle = idle
        self._touched: float | None = None
        self._due_first = now + first_event if first_event is not None else None
        self._due_total = now + total if total is not None else None
        self._reply: Abortable | None = None
        self._handle: asyncio.TimerHandle | None = None
        self._arm(now)

    def guard(self, reply: Abortable) -> None:
        """From now on an expired deadline aborts `reply`."""
        self._reply = reply

    def touch(self) -> None:
        """Something meaningful arrived: from here the silence between events counts."""
        first = self._touched is None
        self._touched = self._loop.time()
        if first:
            self._arm(self._touched)

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

    def _due(self) -> tuple[float, Failure] | None:
        if self._touched is None:
            soon = (self._due_first, _SLOW_START)
        else:
            soon = (self._touched + self._idle if self._idle is not None else None, _SILENT)
        total = (self._due_total, _TOO_SLOW)
        known = [(due, failure) for due, failure in (soon, total) if due is not None]
        return min(known, key=lambda pair: pair[0]) if known else None

    def _arm(self, now: float) -> None:
        self.stop()
        due = self._due()
        if due is not None:
            self._handle = self._loop.call_at(max(due[0], now), self._fire)

    def _fire(self) -> None:
        self._handle = None
        now = self._loop.time()
        due = self._due()
        if due is None:
            return
        # The clock's resolution may let a timer fire a hair early.
        if now + 0.001 < due[0]:
            self._arm(now)
        elif self._reply is not None:
            self._reply.abort(Expired(due[1]))
        else:
            # Still connecting, which has a deadline of its own: look again soon.
            self._handle = self._loop.call_later(0.05, self._fire)


_SLOW_START = broken(
    "first_event_timeout", "The provider sent nothing meaningful within its deadline.", 504
)
_SILENT = broken("idle_timeout", "The provider fell silent in the middle of its answer.", 504)
_TOO_SLOW = broken("total_timeout", "The provider did not finish within its deadline.", 504)
