"""The worker's HTTP face: a small ASGI application over the service."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from inference.local import respond
from inference.local.generation import InvalidGeneration
from inference.local.jobs import BacklogFull
from inference.local.respond import Message, Send
from inference.local.service import Running, Service
from inference.local.validation import read_priority
from inference.local.wire import Json, error_object

Receive = Callable[[], Awaitable[Message]]

BODY_LIMIT = 32 * 2**20
"""Bytes."""


class _Gone(Exception):
    """The client hung up."""


class App:
    """ASGI: chat completions, completions, models, health."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        route = (scope["method"], scope["path"])
        starts = {
            ("POST", "/v1/chat/completions"): self._service.chat,
            ("POST", "/v1/completions"): self._service.completion,
        }
        try:
            if route in starts:
                await self._generate(starts[route], scope, receive, send)
            elif route == ("GET", "/v1/models"):
                await respond.reply(send, 200, self._models())
            elif route == ("GET", "/health"):
                await respond.reply(send, 200, self._health())
            else:
                message = f"There is no {route[0]} {route[1]} here."
                await respond.reply(send, 404, error_object(message, "invalid_request_error"))
        except _Gone:
            return

    async def _generate(
        self,
        start: Callable[[bytes, int], Awaitable[Running]],
        scope: Message,
        receive: Receive,
        send: Send,
    ) -> None:
        headers = {name.decode("latin-1"): value for name, value in scope["headers"]}
        rank = read_priority(headers.get("x-pointsman-priority", b"").decode("latin-1"))
        try:
            running = await start(await _read(receive), rank)
        except InvalidGeneration as error:
            body = error_object(error.message, "invalid_request_error", error.param, error.code)
            await respond.reply(send, error.status, body)
            return
        except BacklogFull as full:
            body = error_object(
                f"All places in the queue are taken; try again in {full.retry_after} s.",
                "rate_limit_error",
                code="queue_full",
            )
            await respond.reply(send, 429, body, {"retry-after": str(full.retry_after)})
            return
        answer = respond.stream if running.generation.stream else respond.whole
        try:
            await _unless_gone(answer(running, send), receive)
        finally:
            running.close()

    def _models(self) -> Json:
        facts = self._service.facts
        model = {
            "id": facts.name,
            "object": "model",
            "created": 0,
            "owned_by": "local",
            "context_length": facts.context_length,
        }
        return {"object": "list", "data": [model]}

    def _health(self) -> Json:
        stats = self._service.scheduler.stats
        return {
            "status": "ok",
            "active": stats.active,
            "queued": stats.queued,
            "steps": stats.steps,
            "memory_bytes": stats.memory_bytes,
            "mode": stats.mode,
        }


async def _unless_gone(answering: Any, receive: Receive) -> None:
    """Answer, but stop at once when the client hangs up. Raises _Gone."""
    answer = asyncio.ensure_future(answering)
    hangup = asyncio.ensure_future(_disconnected(receive))
    try:
        await asyncio.wait({answer, hangup}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise _Gone
        answer.result()
    finally:
        for task in (answer, hangup):
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _read(receive: Receive) -> bytes:
    """The whole body. Raises BadRequest (413) past the limit."""
    chunks, size = [], 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Gone
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > BODY_LIMIT:
            raise InvalidGeneration("The body is larger than 32 MiB.", status=413)
        if not message.get("more_body"):
            return b"".join(chunks)
