"""Everything that is due at some time, looked after by one timer for all.

A timer each would cost more than carrying the request: nearly all end before they are due.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from inference.upstream import PerLoop

INTERVAL: Final = 0.05
"""Seconds between two turns, and so how late `on_due` may be called."""


class Timed(Protocol):
    """Something that is due at some time."""

    due: float
    """Seconds on the loop's clock."""

    def on_due(self, now: float) -> None:
        """The time has come: act, set `due` anew, or leave the wheel."""


class TimerWheel:
    """Calls `on_due` of everything that is due, every `INTERVAL` while anything waits."""

    __slots__ = ("_handle", "_loop", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # In the order they came, so that calls are in a known order.
        self._waiting: dict[Timed, None] = {}
        self._handle: asyncio.TimerHandle | None = None

    def add(self, one: Timed) -> None:
        """From now on `one` is called whenever it is due."""
        self._waiting[one] = None
        if self._handle is None:
            self._handle = self._loop.call_later(INTERVAL, self._turn)

    def discard(self, one: Timed) -> None:
        self._waiting.pop(one, None)

    def waiting(self) -> list[Timed]:
        return list(self._waiting)

    def _turn(self) -> None:
        waiting = self._waiting
        self._handle = self._loop.call_later(INTERVAL, self._turn) if waiting else None
        now = self._loop.time()
        for one in [one for one in waiting if one.due <= now]:
            # An earlier call may have ended it.
            if one in waiting:
                one.on_due(now)


timer_wheel_of: Final = PerLoop(TimerWheel)
