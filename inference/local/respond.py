"""Answers onto the wire: in one piece, or as server-sent events."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import msgspec

from inference.local.generation import InvalidGeneration
from inference.local.jobs import BacklogFull
from inference.local.running import GenerationFailed
from inference.local.runtimes import Generation
from inference.local.wire import Json, error_object

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

KEEPALIVE_SECONDS = 5.0
"""A stream that has nothing to say for so long says a comment, so that nobody takes it for dead;
but only if something got on meanwhile: then who waits for it starts to wait anew."""

encode = msgspec.json.encode


async def whole(running: Generation, send: Send) -> None:
    """The answer in one piece, once it is complete."""
    events: list[Any] = []
    try:
        while not (events and running.ends(events[-1])):
            event = await running.next()
            if event is not None:
                events.append(event)
    except GenerationFailed as error:
        await unavailable(send, error)
    except InvalidGeneration as error:
        await refuse(send, error)
    else:
        await reply(send, 200, running.whole(events))


async def stream(running: Generation, send: Send) -> None:
    """Server-sent events. Nothing goes out before the first event, unless that takes long, so that
    an early failure has a status of its own; a late one is an error event without [DONE]."""
    opened, ended, life = False, False, running.life()
    try:
        while not ended:
            event = await running.next(KEEPALIVE_SECONDS)
            if not opened:
                opened = True
                await _open_stream(running, send)
            if event is None:
                life = await _say_alive(running, life, send)
                continue
            ended = running.ends(event)
            data = b"".join(map(_data, running.frames(event)))
            if data:
                await _send(send, data)
    except GenerationFailed as error:
        if opened:
            await _send(send, _data(_failure(error)), more=False)
        else:
            await unavailable(send, error)
    except InvalidGeneration as error:
        if opened:
            await _send(send, _data(_refusal(error)), more=False)
        else:
            await refuse(send, error)
    else:
        await _send(send, b"data: [DONE]\n\n", more=False)


async def _say_alive(running: Generation, before: int, send: Send) -> int:
    """A comment if something got on since `before`; what to compare with next time."""
    now = running.life()
    if now != before:
        await _send(send, b": working\n\n")
    return now


async def refuse(send: Send, error: InvalidGeneration) -> None:
    """The request is at fault."""
    await reply(send, error.status, _refusal(error))


async def reply(
    send: Send, status: int, value: Json, headers: Mapping[str, str] | None = None
) -> None:
    """One JSON answer."""
    body = encode(value)
    fields = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    fields += [(name.encode(), text.encode()) for name, text in (headers or {}).items()]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await _send(send, body, more=False)


async def full(send: Send, error: BacklogFull) -> None:
    """No place in the queue."""
    body = error_object(
        f"All places in the queue are taken: {error}.",
        "rate_limit_error",
        code="queue_full",
    )
    await reply(send, 429, body, {"retry-after": str(error.retry_after)})


async def unavailable(send: Send, error: GenerationFailed) -> None:
    """Nothing was sent of this answer: the caller may try again."""
    await reply(send, 503, _failure(error), {"retry-after": "1"})


async def _open_stream(running: Generation, send: Send) -> None:
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    opening = running.opening()
    if opening is not None:
        await _send(send, _data(opening))


def _refusal(error: InvalidGeneration) -> Json:
    return error_object(error.message, "invalid_request_error", error.param, error.code)


def _failure(error: GenerationFailed) -> Json:
    return error_object(str(error), "server_error", code="generation_failed")


def _data(value: Json) -> bytes:
    return b"data: " + encode(value) + b"\n\n"


async def _send(send: Send, body: bytes, *, more: bool = True) -> None:
    await send({"type": "http.response.body", "body": body, "more_body": more})
