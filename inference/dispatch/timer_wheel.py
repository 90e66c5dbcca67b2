"""What waits for time to pass, looked after by one timer for all.

A timer each would cost more than carrying the request: nearly all end before it is due.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from inference.upstream.per_loop import PerLoop

INTERVAL: Final = 0.05
"""Seconds between two looks, and so how late a look may be."""


class Waiting(Protocol):
    """Something that is due at some time."""

    due: float
    """Seconds on the loop's clock."""

    def look(self, now: float) -> None:
        """It is due: act, set `due` anew, or leave the sweep."""


class TimerWheel:
    """Looks at everything that is due, every `INTERVAL` while anything waits."""

    __slots__ = ("_handle", "_loop", "_waiting")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        # In the order they came, so that looks are in a known order.
        self._waiting: dict[Waiting, None] = {}
        self._handle: asyncio.TimerHandle | None = None

    def add(self, one: Waiting) -> None:
        """From now on `one` is looked at whenever it is due."""
        self._waiting[one] = None
        if self._handle is None:
            self._handle = self._loop.call_later(INTERVAL, self._run)

    def discard(self, one: Waiting) -> None:
        self._waiting.pop(one, None)

    def _run(self) -> None:
        waiting = self._waiting
        self._handle = self._loop.call_later(INTERVAL, self._run) if waiting else None
        now = self._loop.time()
        for one in [one for one in waiting if one.due <= now]:
            # An earlier look may have ended it.
            if one in waiting:
                one.look(now)


timer_wheel_of: Final = PerLoop(TimerWheel)
