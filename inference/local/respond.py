"""Answers onto the wire: in one piece, or as server-sent events."""

from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import msgspec

from inference.local.answer import AnswerDelta, Finish
from inference.local.service import GenerationFailed, Running
from inference.local.wire import Json, error_object

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

KEEPALIVE_SECONDS = 5.0
"""A stream that has nothing to say for so long says a comment, so that nobody takes it for dead."""

encode = msgspec.json.encode


async def whole(running: Running, send: Send) -> None:
    """The answer in one piece, once it is complete."""
    parts: list[AnswerDelta] = []
    try:
        while True:
            event = await running.next()
            if isinstance(event, Finish):
                break
            if event is not None:
                parts.append(event)
    except GenerationFailed as error:
        await _unavailable(send, error)
    else:
        await reply(send, 200, running.wire.whole(_join(parts), event))


async def stream(running: Running, send: Send) -> None:
    """Server-sent events. Nothing goes out before the first event, unless that takes long, so that
    an early failure has a status of its own; a late one is an error event without [DONE]."""
    opened = False
    try:
        while True:
            event = await running.next(KEEPALIVE_SECONDS)
            if not opened:
                opened = True
                await _open_stream(running, send)
            await _send(send, _event_bytes(running, event))
            if isinstance(event, Finish):
                break
    except GenerationFailed as error:
        if opened:
            await _send(send, _data(_failure(error)), more=False)
        else:
            await _unavailable(send, error)
    else:
        await _send(send, b"data: [DONE]\n\n", more=False)


async def reply(
    send: Send, status: int, value: Json, headers: Mapping[str, str] | None = None
) -> None:
    """One JSON answer."""
    body = encode(value)
    fields = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    fields += [(name.encode(), text.encode()) for name, text in (headers or {}).items()]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await _send(send, body, more=False)


async def _unavailable(send: Send, error: GenerationFailed) -> None:
    """Nothing was sent of this answer: the caller may try again."""
    await reply(send, 503, _failure(error), {"retry-after": "1"})


async def _open_stream(running: Running, send: Send) -> None:
    headers = [(b"content-type", b"text/event-stream"), (b"cache-control", b"no-cache")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    opening = running.wire.opening()
    if opening is not None:
        await _send(send, _data(opening))


def _event_bytes(running: Running, event: AnswerDelta | Finish | None) -> bytes:
    wire = running.wire
    if event is None:
        return b": working\n\n"
    if isinstance(event, AnswerDelta):
        return _data(wire.chunk(event))
    result = _data(wire.closing(event))
    if running.generation.include_usage:
        result += _data(wire.usage(event.usage))
    return result


def _join(parts: list[AnswerDelta]) -> AnswerDelta:
    return AnswerDelta(
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
