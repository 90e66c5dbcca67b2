"""Signs of life for callers while an upstream is silent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Final, Self

from inference.dispatch.timer_wheel import TimerWheel

_NEVER: Final = float("inf")


class Heartbeat:
    """Calls `beat` after every `interval` seconds of silence, or a sweep later; None never does.

    Events are sent whole, one `send` each, so a beat falls between two of them.
    """

    __slots__ = ("_beat", "_interval", "_last", "_loop", "_sweep", "_task", "due")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        sweep: TimerWheel,
        beat: Callable[[], Awaitable[None]],
        interval: float | None,
    ) -> None:
        self._beat = beat
        self._interval = _NEVER if interval is None else interval
        self._loop = loop
        self._sweep = sweep
        self._last = 0.0
        self._task: asyncio.Task[None] | None = None
        self.due = _NEVER

    def __enter__(self) -> Self:
        if self._interval != _NEVER:
            self._last = self._loop.time()
            self.due = self._last + self._interval
            self._sweep.add(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def touch(self) -> None:
        """The caller was sent something just now."""
        self._last = self._loop.time()

    def stop(self) -> None:
        self._sweep.discard(self)
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def look(self, now: float) -> None:
        if now >= self._last + self._interval:
            self._task = self._loop.create_task(self._run())
            self._last = now
        self.due = self._last + self._interval

    async def _run(self) -> None:
        await self._beat()
