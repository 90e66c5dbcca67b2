"""How a web process ends: readiness first, then the listener, then streams in their protocol."""

from __future__ import annotations

import asyncio
import socket
import time
from types import FrameType
from typing import Final

import structlog
import uvicorn

from inference.dispatch.deadlines import end_all
from inference.dispatch.timer_wheel import timer_wheel_of

log = structlog.get_logger("pointsman.server")

NOTICE: Final = 0.5
"""Seconds between the news that this process is not ready any more and the listener's end."""
LAST: Final = 5.0
"""Seconds that answers have to be written once the time for streams is over."""

_draining = False


def draining() -> bool:
    """Whether the process was asked to end."""
    return _draining


class Server(uvicorn.Server):
    """Uvicorn's server that gives notice before it closes, and ends streams in their protocol."""

    drain_seconds = 25.0
    """How long streams may still run."""
    _asked = 0.0

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        global _draining
        _draining = True
        self._asked = time.monotonic()
        super().handle_exit(sig, frame)

    async def on_tick(self, counter: int) -> bool:
        done = await super().on_tick(counter)
        return done and time.monotonic() >= self._asked + NOTICE

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        timer = loop.call_later(self.drain_seconds, self._end_streams, loop)
        try:
            await super().shutdown(sockets)
        finally:
            timer.cancel()

    def _end_streams(self, loop: asyncio.AbstractEventLoop) -> None:
        count = end_all(timer_wheel_of(loop))
        if count:
            log.warning("streams_drained", count=count)
