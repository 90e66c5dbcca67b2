"""The worker's HTTP face: a small ASGI application over the service."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import msgspec

from inference.local.answer import Delta, Finish
from inference.local.asks import BadRequest
from inference.local.scheduler import BacklogFull
from inference.local.service import GenerationFailed, Running, Service
from inference.local.validation import read_priority
from inference.local.wire import Json, error_object

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_LIMIT = 32 * 2**20
"""Bytes."""

KEEPALIVE_SECONDS = 5.0
"""A stream that has nothing to say for so long says a comment, so that nobody takes it for dead."""

encode = msgspec.json.encode


class _Gone(Exception):
    """The client hung up."""


class App:
    """ASGI: chat completions, completions, models, health."""

    def __init__(self, service: Service) -> None:
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
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
                await _reply(send, 200, self._models())
            elif route == ("GET", "/health"):
                await _reply(send, 200, self._health())
            else:
                message = f"There is no {route[0]} {route[1]} here."
                await _reply(send, 404, error_object(message, "invalid_request_error"))
        except _Gone:
            return

    async def _generate(
        self,
        start: Callable[[bytes, int], Awaitable[Running]],
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        headers = {name.decode("latin-1"): value for name, value in scope["headers"]}
        rank = read_priority(headers.get("x-pointsman-priority", b"").decode("latin-1"))
        try:
            running = await start(await _read(receive), rank)
        except BadRequest as error:
            body = error_object(error.message, "invalid_request_error", error.param, error.code)
            await _reply(send, error.status, body)
            return
        except BacklogFull as full:
            body = error_object(
                f"All places in the queue are taken; try again in {full.retry_after} s.",
                "rate_limit_error",
                code="queue_full",
            )
            await _reply(send, 429, body, {"retry-after": str(full.retry_after)})
            return
        answer = _stream if running.ask.stream else _whole
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


async def _whole(running: Running, send: Send) -> None:
    parts: list[Delta] = []
    try:
        async for event in running.events():
            if isinstance(event, Finish):
                await _reply(send, 200, running.wire.whole(_join(parts), event))
            else:
                parts.append(event)
    except GenerationFailed as error:
        # Nothing was sent of a whole answer, so it can always be tried again.
        await _reply(send, 503, _failure(error), {"retry-after": "1"})


async def _stream(running: Running, send: Send) -> None:
    """Nothing goes out before the first event (unless that takes long), so that an early failure
    has a status of its own."""
    open_ = False
    try:
        async for event in _with_keepalive(running.events()):
            if not open_:
                open_ = True
                await _open_stream(running, send)
            await _send(send, _event_bytes(running, event))
    except GenerationFailed as error:
        if not open_:
            status = 503 if error.retryable else 500
            await _reply(send, status, _failure(error), {"retry-after": "1"})
            return
        await _send(send, _data(_failure(error)), more=False)
        return
    await _send(send, b"data: [DONE]\n\n", more=False)


async def _open_stream(running: Running, send: Send) -> None:
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    opening = running.wire.opening()
    if opening is not None:
        await _send(send, _data(opening))


def _event_bytes(running: Running, event: Delta | Finish | None) -> bytes:
    wire = running.wire
    if event is None:
        return b": working\n\n"
    if isinstance(event, Delta):
        return _data(wire.chunk(event))
    result = _data(wire.closing(event))
    if running.ask.include_usage:
        result += _data(wire.usage(event.usage))
    return result


async def _with_keepalive(
    events: AsyncIterator[Delta | Finish],
) -> AsyncIterator[Delta | Finish | None]:
    """The events, with None in every long silence."""
    following: asyncio.Task[Delta | Finish] | None = None
    try:
        while True:
            following = asyncio.ensure_future(anext(events))
            while not (await asyncio.wait({following}, timeout=KEEPALIVE_SECONDS))[0]:
                yield None
            try:
                event = following.result()
            except StopAsyncIteration:
                return
            yield event
    finally:
        if following is not None:
            following.cancel()


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
            raise BadRequest("The body is larger than 32 MiB.", status=413)
        if not message.get("more_body"):
            return b"".join(chunks)


def _join(parts: list[Delta]) -> Delta:
    return Delta(
        "".join(part.content for part in parts),
        "".join(part.reasoning for part in parts),
        tuple(call for part in parts for call in part.tool_calls),
        tuple(entry for part in parts for entry in part.logprobs),
    )


def _failure(error: GenerationFailed) -> Json:
    return error_object(str(error), "server_error", code="generation_failed")


def _data(value: Json) -> bytes:
    return b"data: " + encode(value) + b"\n\n"


async def _send(send: Send, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def _reply(
    send: Send, status: int, value: Json, headers: Mapping[str, str] | None = None
) -> None:
    body = encode(value)
    fields = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    fields += [(name.encode(), text.encode()) for name, text in (headers or {}).items()]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await _send(send, body, more=False)
