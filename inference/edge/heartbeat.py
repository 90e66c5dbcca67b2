"""Signs of life for callers while an upstream is silent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from inference.dispatch.timer_wheel import TimerWheel


class Heartbeat:
    """Calls `beat` after every `interval` seconds of silence, or a turn of the wheel later, until
    it is stopped.

    Events are sent whole, one `send` each, so a beat falls between
    two of them. A beat that waits for a caller who does not read is not joined by another.
    """

    __slots__ = ("_beat", "_interval", "_last", "_loop", "_task", "_timer_wheel", "due")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        timer_wheel: TimerWheel,
        beat: Callable[[], Coroutine[Any, Any, None]],
        interval: float,
    ) -> None:
        self._beat = beat
        self._interval = interval
        self._loop = loop
        self._timer_wheel = timer_wheel
        self._task: asyncio.Task[None] | None = None
        self._last = loop.time()
        self.due = self._last + interval
        timer_wheel.add(self)

    def touch(self) -> None:
        """The caller was sent something just now."""
        self._last = self._loop.time()

    def stop(self) -> None:
        self._timer_wheel.discard(self)
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def on_due(self, now: float) -> None:
        if now >= self._last + self._interval:
            if self._task is None or self._task.done():
                self._task = self._loop.create_task(self._beat())
            self._last = now
        self.due = self._last + self._interval
