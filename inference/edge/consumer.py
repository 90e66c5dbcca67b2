"""A lean HTTP consumer: Channels' interface without its price per request.

`AsyncHttpConsumer` hops to a thread for every message and dispatches through two tasks; it also
awaits `handle()` inside the dispatch, so that `http.disconnect` queues behind the answer. This
subclass keeps `handle`, `send_*` and `disconnect` and owns `__call__`: the body is read here, and
beside a `handle()` that takes longer than a sweep a second task listens for the caller's leaving
and cancels it at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any, Final

from channels.generic.http import AsyncHttpConsumer

from inference.dispatch.timer_wheel import TimerWheel, timer_wheel_of
from inference.edge.asgi import App, Message, Receive, Scope, Send

_DRAIN_BYTES: Final = 64 * 1024 * 1024
"""Of a body that is too large, what is read and thrown away before the refusal is sent: closing
at once would reset the connection and the caller would never see the reason."""


class BodyTooLarge(Exception):
    """The body is over the limit, by its announced or by its real length."""


class CallerLeft(Exception):
    """The caller closed the connection before the request was complete."""


class LeanHttpConsumer(AsyncHttpConsumer):  # type: ignore[misc]  # channels is untyped
    """Override `handle(body)`; it is cancelled when the caller leaves."""

    body_limit: int = 32 * 1024 * 1024
    """Bytes."""

    scope: Scope
    base_send: Send

    @classmethod
    def as_asgi(cls, **initkwargs: Any) -> App:
        """As Channels has it, without a coroutine of its own around each request."""

        def app(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
            return cls(**initkwargs)(scope, receive, send)

        return app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.base_send = send
        # Asked for once: on Python 3.11 each time is a system call.
        self.loop = loop = asyncio.get_running_loop()
        self._lookout: _DisconnectWatcher | None = None
        try:
            body = await self._receive_body(receive)
        except CallerLeft:
            return
        except BodyTooLarge:
            await self.too_large()
            return
        carrier = asyncio.current_task(loop)
        assert carrier is not None
        self.sweep = timer_wheel_of(loop)
        self._lookout = _DisconnectWatcher(receive, carrier, loop, self.sweep)
        try:
            await self.handle(body)
        except asyncio.CancelledError:
            if not self._lookout.gone:
                raise
        except Exception as error:
            await self.crashed(error)
        finally:
            self.stop_watching()
            await self.disconnect()

    async def send(self, message: Message) -> None:
        await self.base_send(message)

    def stop_watching(self) -> None:
        """Call before the last chunk: servers report a disconnect after a normal end too."""
        if self._lookout is not None:
            self._lookout.stop()

    async def too_large(self) -> None:
        """Answers a request whose body is over the limit."""
        raise NotImplementedError

    async def crashed(self, error: Exception) -> None:
        """Answers a request whose `handle()` raised what it should not."""
        raise NotImplementedError

    async def _receive_body(self, receive: Receive) -> bytes:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CallerLeft
        body: bytes = message.get("body", b"")
        if not message.get("more_body"):
            if len(body) > self.body_limit:
                raise BodyTooLarge
            return body
        parts, size = [body], len(body)
        while message.get("more_body"):
            message = await receive()
            if message["type"] == "http.disconnect":
                raise CallerLeft
            size += len(message.get("body", b""))
            if size <= self.body_limit:
                parts.append(message.get("body", b""))
            else:
                parts.clear()
                if size > self.body_limit + _DRAIN_BYTES:
                    break
        if size > self.body_limit:
            raise BodyTooLarge
        return b"".join(parts)


class _DisconnectWatcher:
    """Cancels the task that carries a request when its caller leaves.

    Most answers are complete before a task that waits for that would pay: it is begun by the first
    sweep that finds the request still carried. A server keeps the news until it is asked.
    """

    __slots__ = ("_carrier", "_loop", "_receive", "_sweep", "_task", "due", "gone")

    def __init__(
        self,
        receive: Receive,
        carrier: asyncio.Task[Any],
        loop: asyncio.AbstractEventLoop,
        sweep: TimerWheel,
    ) -> None:
        self.gone = False
        self.due = 0.0
        self._receive = receive
        self._carrier = carrier
        self._loop = loop
        self._task: asyncio.Task[None] | None = None
        self._sweep = sweep
        sweep.add(self)

    def look(self, now: float) -> None:
        self._sweep.discard(self)
        self._task = self._loop.create_task(self._watch())

    def stop(self) -> None:
        self._sweep.discard(self)
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        self._carrier.cancel()
