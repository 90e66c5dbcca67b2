"""Cancels a request whose caller leaves."""

from __future__ import annotations

import asyncio
from typing import Any

from inference.dispatch.timer_wheel import TimerWheel
from inference.edge.asgi import Receive


class DisconnectWatcher:
    """Cancels the task that carries a request when `http.disconnect` arrives.

    Most answers are complete before a task that waits for that would pay: it is begun by the first
    turn of the timer wheel that finds the request still carried. A server keeps the event until it
    is asked.
    """

    __slots__ = ("_carrier", "_loop", "_receive", "_task", "_timer_wheel", "due", "gone")

    def __init__(
        self,
        receive: Receive,
        carrier: asyncio.Task[Any],
        loop: asyncio.AbstractEventLoop,
        timer_wheel: TimerWheel,
    ) -> None:
        self.gone = False
        """The caller left, and the task was cancelled for it."""
        self.due = 0.0
        self._receive = receive
        self._carrier = carrier
        self._loop = loop
        self._task: asyncio.Task[None] | None = None
        self._timer_wheel = timer_wheel
        timer_wheel.add(self)

    def on_due(self, now: float) -> None:
        self._timer_wheel.discard(self)
        self._task = self._loop.create_task(self._watch())

    def stop(self) -> None:
        """Once, or more often."""
        self._timer_wheel.discard(self)
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        self._carrier.cancel()
