"""A lean HTTP consumer: Channels' interface without its price per request.

`AsyncHttpConsumer` hops to a thread for every message and dispatches through two tasks; it also
awaits `handle()` inside the dispatch, so that `http.disconnect` queues behind the answer. This
subclass keeps `handle`, `send_*` and `disconnect` and owns `__call__`: the body is read here, and
while `handle()` runs a second task listens for the caller's leaving and cancels it at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from channels.generic.http import AsyncHttpConsumer

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.base_send = send
        # Asked for once: on Python 3.11 each time is a system call.
        self.loop = loop = asyncio.get_running_loop()
        self.gone = False
        self._watcher: asyncio.Task[None] | None = None
        try:
            body = await self._receive_body(receive)
        except CallerLeft:
            return
        except BodyTooLarge:
            await self.too_large()
            return
        carrier = asyncio.current_task(loop)
        assert carrier is not None
        self._watcher = loop.create_task(self._watch_for_leaving(receive, carrier))
        try:
            await self.handle(body)
        except asyncio.CancelledError:
            if not self.gone:
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
        if self._watcher is not None:
            self._watcher.cancel()
            self._watcher = None

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

    async def _watch_for_leaving(self, receive: Receive, carrier: asyncio.Task[Any]) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        carrier.cancel()
