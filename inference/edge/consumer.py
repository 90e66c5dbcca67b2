"""A lean HTTP consumer: Channels' interface without its price per request.

`AsyncHttpConsumer` hops to a thread for every message and dispatches through two tasks; it also
awaits `handle()` inside the dispatch, so that `http.disconnect` queues behind the answer. This
subclass keeps `handle`, `send_*` and `disconnect` and owns `__call__`: the head is looked at before
the body is read, and a `DisconnectWatcher` cancels `handle()` when the caller leaves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, Final

import structlog
from channels.generic.http import AsyncHttpConsumer

from inference.content_coding import (
    ACCEPTED,
    BrokenCoding,
    TooMuchDecoded,
    UnknownCoding,
    coding_of,
    decoded,
)
from inference.dispatch.large_bodies import apart
from inference.dispatch.timer_wheel import timer_wheel_of
from inference.edge.answer_writer import AnswerWriter
from inference.edge.asgi import (
    WHOLE_BODY,
    App,
    Message,
    Receive,
    Scope,
    Send,
    announced_body,
    unread_body,
)
from inference.edge.body_budget import BodyBudget, HeldBody, NoRoom
from inference.edge.body_clock import IDLE_SECONDS, LEAST_RATE, BodyClock, BodyStalled
from inference.edge.body_errors import BodyTooLarge, CallerLeft
from inference.edge.disconnect_watcher import DisconnectWatcher
from inference.values.error_answer import ErrorAnswer

log = structlog.get_logger("pointsman.answer")

_LONG_TO_JOIN: Final = 4 * 1024 * 1024
"""Bytes of a body from which on putting it together takes longer than a change of threads."""


def method_not_allowed(path: str, *methods: str) -> ErrorAnswer:
    """405 with the methods there are (RFC 9110, section 15.5.6)."""
    allow = ", ".join([*methods, "OPTIONS"]).encode()
    words = f"{path} answers {' and '.join(methods)} only."
    return ErrorAnswer(405, words, "method_not_allowed", headers=((b"allow", allow),))


async def _options(send: Send, methods: tuple[str, ...]) -> None:
    """What may be asked here, which is no secret: no key is needed."""
    allow = ", ".join([*methods, "OPTIONS"]).encode()
    await send({"type": "http.response.start", "status": 204, "headers": [(b"allow", allow)]})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


class LeanHttpConsumer(AsyncHttpConsumer):  # type: ignore[misc]  # channels is untyped
    """Override `on_head()`, which sets `writer`, and `handle(body)`."""

    body_limit: int = 32 * 1024 * 1024
    """Bytes, also of a body out of its content coding."""
    methods: tuple[str, ...] = ()
    """What OPTIONS tells."""
    coding: str = ""
    """The content coding of the body."""
    body_idle: float = IDLE_SECONDS
    """Seconds without a byte after which a body is not waited for any more."""
    budgets: Callable[[asyncio.AbstractEventLoop], BodyBudget] | None = None
    """What this process may hold of bodies; None: as much as there is."""

    scope: Scope
    base_send: Send
    writer: AnswerWriter

    @classmethod
    def as_asgi(cls, **initkwargs: Any) -> App:
        """As Channels has it, without a coroutine of its own around each request."""

        def app(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
            if scope["method"] == "OPTIONS" and cls.methods:
                return _options(send, cls.methods)
            return cls(**initkwargs)(scope, receive, send)

        return app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.base_send = send
        # Asked for once: on Python 3.11 each time is a system call.
        self.loop = loop = asyncio.get_running_loop()
        self.timer_wheel = timer_wheel_of(loop)
        watcher: DisconnectWatcher | None = None
        held: HeldBody | None = None
        try:
            refusal = self.on_head() or self._refusal_by_head()
            if refusal is not None:
                await self._refuse_unread(refusal, unread_body(scope, receive))
                return
            carrier = asyncio.current_task(loop)
            assert carrier is not None
            held = self._body_held = self._held_body()
            body = self._came_with_head() if held is None and not self.reads_on() else None
            rest = receive
            if body is None:
                body, rest = await self._received(receive, carrier)
            watcher = DisconnectWatcher(rest, carrier, loop, self.timer_wheel)
            self.writer.watcher = watcher
            await (self._handle_coded(body) if self.coding else self.handle(body))
        except CallerLeft:
            pass
        except (BodyTooLarge, BodyStalled, NoRoom) as error:
            await self._refuse_unread(self._told(error), receive)
        except asyncio.CancelledError:
            if watcher is None or not watcher.gone:
                raise
        except Exception as error:
            await self.crashed(error)
        finally:
            if watcher is not None:
                watcher.stop()
            if held is not None:
                held.release()
            await self.disconnect()

    def _held_body(self) -> HeldBody | None:
        """What the budget has to know of the body; None where nothing."""
        if self.budgets is None:
            return None
        budget = self.budgets(self.loop)
        if not self.coding and 0 < self._announced.length <= budget.uncounted:
            return None
        return HeldBody(budget)

    async def _refuse_unread(self, error: ErrorAnswer, unread: Receive | None) -> None:
        """Answers a request whose body was not read, or not to its end."""
        self.writer.unread = unread
        await self.refuse(error)
        await self.writer.linger()

    def body_owner(self) -> Hashable:
        """Whose body it is: what one of them may hold is bounded too."""
        return ""

    def on_head(self) -> ErrorAnswer | None:
        """The head is here, the body is not: sets `writer`. What it returns is the answer, and the
        body is not waited for."""
        raise NotImplementedError

    async def send(self, message: Message) -> None:
        await self.base_send(message)

    async def refuse(self, error: ErrorAnswer) -> None:
        """Answers with an error of the gateway's own."""
        await self.answer_error(error)

    async def answer_error(self, error: ErrorAnswer) -> None:
        """Writes an error, with the headers of every answer of this consumer."""
        await self.writer.refuse(error)

    async def crashed(self, error: Exception) -> None:
        """Answers a request whose `handle()` raised what it should not."""
        log.error("request_crashed", request_id=self.writer.request_id, exc_info=error)
        await self.answer_error(
            ErrorAnswer(500, "The gateway met an error of its own; see its log.", "internal_error")
        )

    def _told(self, error: Exception) -> ErrorAnswer:
        """Why the body was not read, or not to its end."""
        if isinstance(error, BodyTooLarge):
            return self._too_large()
        return _STALLED if isinstance(error, BodyStalled) else _NO_ROOM

    def _too_large(self) -> ErrorAnswer:
        limit = self.body_limit // (1024 * 1024)
        return ErrorAnswer(
            413, f"The body is larger than {limit} MiB, the limit.", "request_too_large"
        )

    def _refusal_by_head(self) -> ErrorAnswer | None:
        """What the head says of the body: its length and its content coding."""
        self._announced = announced = announced_body(self.scope["headers"])
        if announced.length > self.body_limit:
            return self._too_large()
        if not announced.coded:
            return None
        named = [value for name, value in self.scope["headers"] if name == b"content-encoding"]
        try:
            self.coding = coding_of(b", ".join(named))
        except UnknownCoding as error:
            return ErrorAnswer(
                415,
                f"The content-encoding {error} is not known here. A body may come in one of: "
                f"{ACCEPTED}.",
                "unsupported_content_encoding",
                headers=((b"accept-encoding", ACCEPTED.encode()),),
            )
        return None

    async def _handle_coded(self, body: bytes) -> None:
        """Takes the body out of its content coding first. Raises `NoRoom`."""
        held = self._body_held
        if held is not None:
            # How large it becomes shows only when it is there.
            await held.resize(len(body) + self.body_limit)
        try:
            body = await apart(decoded, body, self.coding, self.body_limit)
        except BrokenCoding as error:
            await self.refuse(ErrorAnswer(400, str(error), "broken_content_encoding"))
            return
        except TooMuchDecoded:
            await self.refuse(self._too_large())
            return
        if held is not None:
            await held.resize(len(body))
        await self.handle(body)

    def _came_with_head(self) -> bytes | None:
        """The body, where nothing has to be waited for. Raises `BodyTooLarge`."""
        take: Callable[[], bytes | None] | None = self.scope.get(WHOLE_BODY)
        body = None if take is None else take()
        if body is not None and len(body) > self.body_limit:
            raise BodyTooLarge
        return body

    async def _received(
        self, receive: Receive, carrier: asyncio.Task[Any]
    ) -> tuple[bytes, Receive]:
        """The body, and what is received behind it. Raises as `_receive_body` does."""
        if self.reads_on():
            return b"", await self._begin_reading(receive, carrier)
        return await self._receive_body(receive, carrier), receive

    def reads_on(self) -> bool:
        """Whether the request is carried while its body is still on its way."""
        return False

    async def _begin_reading(self, receive: Receive, carrier: asyncio.Task[Any]) -> Receive:
        """Reads the beginning of such a body; what is received behind its end. Raises as
        `_receive_body` does."""
        raise NotImplementedError

    async def _receive_body(self, receive: Receive, carrier: asyncio.Task[Any]) -> bytes:
        """Raises `BodyTooLarge`, `BodyStalled`, `CallerLeft` and `NoRoom`."""
        held = self._body_held
        if held is not None:
            await held.hold(self.body_owner(), self._announced.length)
        if not self._announced.follows:
            return await self._read(receive, None)
        clock = BodyClock(self.loop, self.timer_wheel, carrier, self.body_idle)
        try:
            return await self._read(receive, clock)
        except asyncio.CancelledError:
            if clock.expired and not carrier.uncancel():
                raise BodyStalled from None
            raise
        finally:
            clock.stop()

    async def _read(self, receive: Receive, clock: BodyClock | None) -> bytes:
        parts: list[bytes] = []
        read, held, more = 0, self._body_held, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise CallerLeft
            body: bytes = message.get("body", b"")
            read += len(body)
            if read > self.body_limit:
                raise BodyTooLarge
            more = message.get("more_body", False)
            parts.append(body)
            if more and clock is not None:
                clock.touch(read)
            if held is not None and read > held.size:
                # Its length was not announced. A body that waits for room does not stall.
                if clock is not None:
                    clock.pause()
                await held.resize(read)
                if clock is not None:
                    clock.touch(read)
        if read >= _LONG_TO_JOIN:
            return await apart(b"".join, parts)
        return parts[0] if len(parts) == 1 else b"".join(parts)


_STALLED: Final = ErrorAnswer(
    408,
    f"The body did not come: nothing of it for {IDLE_SECONDS:.0f} seconds, or less than "
    f"{LEAST_RATE} bytes a second.",
    "request_timeout",
)
_NO_ROOM: Final = ErrorAnswer(
    503,
    "The gateway holds as many bytes of requests as it may at a time, of this key or of all "
    "together. Try again in a moment.",
    "overloaded",
    retry_after=1.0,
)
