"""Receives a form while its request is carried already."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from inference.dispatch.timer_wheel import TimerWheel
from inference.edge.asgi import Message, Receive
from inference.edge.body_budget import HeldBody, NoRoom
from inference.edge.body_clock import BodyClock, BodyStalled
from inference.edge.body_errors import BodyTooLarge, CallerLeft
from inference.edge.upload import Upload
from inference.values.failures import Failure, Outcome

_LEFT: Final = Failure(Outcome.CANCELLED, "cancelled", "The caller left.")


class UploadIntake:
    """Reads as much of a form as its request takes to be understood, then goes on by itself."""

    def __init__(
        self,
        upload: Upload,
        receive: Receive,
        loop: asyncio.AbstractEventLoop,
        timer_wheel: TimerWheel,
        *,
        limit: int,
        held: HeldBody | None,
        idle: float,
        told: Callable[[Exception], Failure],
    ) -> None:
        """`limit` is in bytes, `idle` in seconds; `told` says what an error while receiving means
        to the caller."""
        self.upload = upload
        self._receive = receive
        self._loop = loop
        self._timer_wheel = timer_wheel
        self._limit = limit
        self._held = held
        self._idle = idle
        self._told = told
        self._read = 0
        self._pump: asyncio.Task[None] | None = None
        self._left = False

    async def until(self, enough: Callable[[Upload], bool], carrier: asyncio.Task[Any]) -> None:
        """Raises `BodyTooLarge`, `BodyStalled`, `CallerLeft` and `NoRoom`."""
        await self._reading(enough, carrier)
        self.upload.settle()
        if not self.upload.complete:
            self._pump = self._loop.create_task(self._go_on())

    async def receive(self) -> Message:
        """What comes behind the form: that the caller has left."""
        if self._pump is not None and not self._pump.done():
            await asyncio.wait((self._pump,))
        return {"type": "http.disconnect"} if self._left else await self._receive()

    async def unread(self) -> Message:
        """What nobody reads any more."""
        self._stop()
        return await self._receive()

    def close(self) -> None:
        self._stop()
        self.upload.spool.close()

    def _stop(self) -> None:
        if self._pump is not None:
            self._pump.cancel()

    async def _reading(self, enough: Callable[[Upload], bool], task: asyncio.Task[Any]) -> None:
        clock = BodyClock(self._loop, self._timer_wheel, task, self._idle)
        try:
            while not self.upload.complete and not enough(self.upload):
                await self._message(clock)
        except asyncio.CancelledError:
            if clock.expired and not task.uncancel():
                raise BodyStalled from None
            raise
        finally:
            clock.stop()

    async def _message(self, clock: BodyClock) -> None:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise CallerLeft
        data: bytes = message.get("body", b"")
        self._read += len(data)
        if self._read > self._limit:
            raise BodyTooLarge
        if self._held is not None and self._read > self._held.size:
            # Its length was not announced. A body that waits for room does not stall.
            clock.pause()
            await self._held.resize(self._read)
        clock.touch(self._read)
        self.upload.feed(data)
        if not message.get("more_body", False):
            self.upload.finish()

    async def _go_on(self) -> None:
        task = asyncio.current_task(self._loop)
        assert task is not None
        try:
            await self._reading(lambda upload: False, task)
        except CallerLeft:
            self._left = True
            self.upload.fail(_LEFT)
        except (BodyTooLarge, BodyStalled, NoRoom) as error:
            self.upload.fail(self._told(error))
