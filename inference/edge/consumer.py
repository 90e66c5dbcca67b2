"""A lean HTTP consumer: Channels' interface without its price per request.

`AsyncHttpConsumer` hops to a thread for every message and dispatches through two tasks; it also
awaits `handle()` inside the dispatch, so that `http.disconnect` queues behind the answer. This
subclass keeps `handle`, `send_*` and `disconnect` and owns `__call__`: the head is looked at before
the body is read, and a `DisconnectWatcher` cancels `handle()` when the caller leaves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import Any

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
from inference.dispatch.timer_wheel import timer_wheel_of
from inference.edge.answer_writer import AnswerWriter
from inference.edge.asgi import (
    App,
    Message,
    Receive,
    Scope,
    Send,
    announced_length,
    unread_body,
)
from inference.edge.disconnect_watcher import DisconnectWatcher
from inference.values.error_answer import ErrorAnswer

log = structlog.get_logger("pointsman.answer")


class BodyTooLarge(Exception):
    """The body is over the limit, by its announced or by its real length."""


class CallerLeft(Exception):
    """The caller closed the connection before the request was complete."""


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
        try:
            refusal = self.on_head() or self._refusal_by_head()
            if refusal is not None:
                self.writer.unread = unread_body(scope, receive)
                await self.refuse(refusal)
                await self.writer.linger()
                return
            body = await self._receive_body(receive)
            carrier = asyncio.current_task(loop)
            assert carrier is not None
            watcher = DisconnectWatcher(receive, carrier, loop, self.timer_wheel)
            self.writer.watcher = watcher
            await self._handle(body)
        except CallerLeft:
            pass
        except BodyTooLarge:
            self.writer.unread = receive
            await self.refuse(self._too_large())
            await self.writer.linger()
        except asyncio.CancelledError:
            if watcher is None or not watcher.gone:
                raise
        except Exception as error:
            await self.crashed(error)
        finally:
            if watcher is not None:
                watcher.stop()
            await self.disconnect()

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

    def _too_large(self) -> ErrorAnswer:
        limit = self.body_limit // (1024 * 1024)
        return ErrorAnswer(
            413, f"The body is larger than {limit} MiB, the limit.", "request_too_large"
        )

    def _refusal_by_head(self) -> ErrorAnswer | None:
        """What the head says of the body: its length and its content coding."""
        if announced_length(self.scope["headers"]) > self.body_limit:
            return self._too_large()
        named = [value for name, value in self.scope["headers"] if name == b"content-encoding"]
        if not named:
            return None
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

    async def _handle(self, body: bytes) -> None:
        """Takes the body out of its content coding first."""
        if self.coding:
            try:
                body = decoded(body, self.coding, self.body_limit)
            except BrokenCoding as error:
                await self.refuse(ErrorAnswer(400, str(error), "broken_content_encoding"))
                return
            except TooMuchDecoded:
                await self.refuse(self._too_large())
                return
        await self.handle(body)

    async def _receive_body(self, receive: Receive) -> bytes:
        parts: list[bytes] = []
        left = self.body_limit
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise CallerLeft
            body: bytes = message.get("body", b"")
            left -= len(body)
            if left < 0:
                raise BodyTooLarge
            more = message.get("more_body", False)
            parts.append(body)
        return parts[0] if len(parts) == 1 else b"".join(parts)
