"""Signs of life for callers while an upstream is silent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self


class Heartbeat:
    """Calls `beat` after every `interval` seconds of silence; None never does.

    Events are sent whole, one `send` each, so a beat falls between two of them.
    """

    __slots__ = ("_beat", "_handle", "_interval", "_last", "_loop", "_task")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        beat: Callable[[], Awaitable[None]],
        interval: float | None,
    ) -> None:
        self._beat = beat
        self._interval = interval
        self._loop = loop
        self._last = self._loop.time()
        self._handle: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        if self._interval is not None:
            self._handle = self._loop.call_later(self._interval, self._fire)
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
        self._interval = None
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def _fire(self) -> None:
        if self._interval is None:
            return
        left = self._last + self._interval - self._loop.time()
        if left <= 0.001:
            self._task = self._loop.create_task(self._run())
            self.touch()
            left = self._interval
        self._handle = self._loop.call_later(left, self._fire)

    async def _run(self) -> None:
        await self._beat()
