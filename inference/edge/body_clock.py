"""Ends the wait for a body that does not come."""

from __future__ import annotations

import asyncio
from math import inf
from typing import Any, Final

from inference.dispatch.timer_wheel import TimerWheel

IDLE_SECONDS: Final = 30.0
"""How long a caller may send nothing of a body that is under way."""
LEAST_RATE: Final = 512
"""Bytes a second that come of it on the whole, once `IDLE_SECONDS` are over: else a caller would
hold what the body may take up for days, with a byte now and then."""


def latest(now: float, began: float, idle: float, read: int) -> float:
    """Until when the next of a body may come, of which so many bytes were read since it began."""
    return min(now + idle, began + idle + read / LEAST_RATE)


class BodyStalled(Exception):
    """The caller sent nothing of the body for too long, or hardly anything."""


class BodyClock:
    """Cancels the task that waits for a body once nothing came for `idle` seconds, or too little
    on the whole."""

    __slots__ = (
        "_began",
        "_carrier",
        "_idle",
        "_loop",
        "_paused_at",
        "_timer_wheel",
        "due",
        "expired",
    )

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        timer_wheel: TimerWheel,
        carrier: asyncio.Task[Any],
        idle: float,
    ) -> None:
        self._loop = loop
        self._carrier = carrier
        self._idle = idle
        self._timer_wheel = timer_wheel
        self.expired = False
        self._began = loop.time()
        self._paused_at: float | None = None
        self.due = self._began + idle
        timer_wheel.add(self)

    def pause(self) -> None:
        """Nothing is read for a while, by no fault of the caller's; `touch` ends that."""
        self._paused_at, self.due = self._loop.time(), inf

    def touch(self, read: int) -> None:
        """So many bytes have come by now."""
        now = self._loop.time()
        if self._paused_at is not None:
            self._began += now - self._paused_at
            self._paused_at = None
        self.due = latest(now, self._began, self._idle, read)

    def stop(self) -> None:
        self._timer_wheel.discard(self)

    def on_due(self, now: float) -> None:
        self.stop()
        self.expired = True
        self._carrier.cancel()
