"""Ends the wait for a body that does not come."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from inference.dispatch.timer_wheel import TimerWheel

IDLE_SECONDS: Final = 30.0
"""How long a caller may send nothing of a body that is under way."""


class BodyStalled(Exception):
    """The caller sent nothing of the body for too long."""


class BodyClock:
    """Cancels the task that waits for a body once nothing came for `idle` seconds."""

    __slots__ = ("_carrier", "_idle", "_loop", "_timer_wheel", "due", "expired")

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
        self.due = loop.time() + idle
        timer_wheel.add(self)

    def touch(self) -> None:
        """Something came just now."""
        self.due = self._loop.time() + self._idle

    def stop(self) -> None:
        self._timer_wheel.discard(self)

    def on_due(self, now: float) -> None:
        self.stop()
        self.expired = True
        self._carrier.cancel()
