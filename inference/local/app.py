"""The worker's HTTP face: a small ASGI application over the service."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from inference.local import respond
from inference.local.generation import InvalidGeneration
from inference.local.jobs import BacklogFull
from inference.local.respond import Message, Send
from inference.local.running import GenerationFailed
from inference.local.runtimes import Generation, ServedModel
from inference.local.validation import read_priority
from inference.local.wire import Json, error_object

Receive = Callable[[], Awaitable[Message]]

BODY_LIMIT = 32 * 2**20
"""Bytes."""


COUNT_PATH = "/v1/chat/completions/count"
"""How many tokens the prompt of a chat request has."""


class _Gone(Exception):
    """The client hung up."""


class App:
    """ASGI: chat completions, completions, counting of tokens, embeddings, ranking, models,
    health."""

    def __init__(self, service: ServedModel) -> None:
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
        pooled = {
            ("POST", "/v1/embeddings"): self._service.embed,
            ("POST", "/v1/rerank"): self._service.rerank,
        }
        try:
            if route in pooled:
                await self._pool(pooled[route], scope, receive, send)
            elif route in starts:
                await self._generate(starts[route], scope, receive, send)
            elif route == ("POST", COUNT_PATH):
                await self._count(receive, send)
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
        start: Callable[[bytes, int], Awaitable[Generation]],
        scope: Message,
        receive: Receive,
        send: Send,
    ) -> None:
        try:
            running = await start(await _read(receive), _rank(scope))
        except InvalidGeneration as error:
            await respond.refuse(send, error)
            return
        except BacklogFull as full:
            await respond.full(send, full)
            return
        answer = respond.stream if running.streamed else respond.whole
        try:
            await _unless_gone(answer(running, send), receive)
        finally:
            running.close()

    async def _pool(
        self,
        start: Callable[[bytes, int], Awaitable[Json]],
        scope: Message,
        receive: Receive,
        send: Send,
    ) -> None:
        """Answers in one piece, as embeddings and rankings are."""

        async def answer() -> None:
            try:
                found = await start(body, _rank(scope))
            except InvalidGeneration as error:
                await respond.refuse(send, error)
            except BacklogFull as full:
                await respond.full(send, full)
            except GenerationFailed as error:
                await respond.unavailable(send, error)
            else:
                await respond.reply(send, 200, found)

        try:
            body = await _read(receive)
        except InvalidGeneration as error:
            await respond.refuse(send, error)
            return
        await _unless_gone(answer(), receive)

    async def _count(self, receive: Receive, send: Send) -> None:
        try:
            tokens = await self._service.count(await _read(receive))
        except InvalidGeneration as error:
            await respond.refuse(send, error)
        else:
            await respond.reply(send, 200, {"prompt_tokens": tokens})

    def _models(self) -> Json:
        model = {
            "id": self._service.name,
            "object": "model",
            "created": 0,
            "owned_by": "local",
            "context_length": self._service.context_length,
        }
        return {"object": "list", "data": [model]}

    def _health(self) -> Json:
        stats = self._service.stats
        return {
            "status": "ok",
            "active": stats.active,
            "queued": stats.queued,
            "steps": stats.steps,
            "memory_bytes": stats.memory_bytes,
            "mode": stats.mode,
        }


def _rank(scope: Message) -> int:
    headers = {name.decode("latin-1"): value for name, value in scope["headers"]}
    return read_priority(headers.get("x-pointsman-priority", b"").decode("latin-1"))


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
