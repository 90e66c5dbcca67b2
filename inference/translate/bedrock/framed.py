"""A translator to Anthropic's protocol whose upstream puts its events into AWS's frames."""

from __future__ import annotations

import base64
import binascii
from typing import Any, Final, Protocol

import msgspec

from inference.protocols.sse import encode
from inference.translate import upstream_errors
from inference.translate.base import StreamTranslator
from inference.translate.bedrock.frames import BrokenFrame, Frame, FrameDecoder
from inference.translate.json_errors import BROKEN_JSON
from inference.translate.wrapped_stream import WrappedStream
from inference.values.failures import Failure, broken

Event = dict[str, Any]

_PAYLOAD: Final = msgspec.json.Decoder(dict[str, Any])
_TYPED: Final = msgspec.json.Decoder(dict[str, Any])


class Events(Protocol):
    """What becomes of the frames of one stream."""

    def of(self, name: str, payload: dict[str, Any]) -> bytes:
        """Anthropic's events, as server-sent ones, for one of the upstream's. Raises `KeyError`,
        `TypeError` and `ValueError` for what is none."""

    def end(self) -> bytes:
        """What is owed when the upstream has ended."""


class InvokedEvents:
    """InvokeModel: each frame holds one of Anthropic's events, in base64."""

    def of(self, name: str, payload: dict[str, Any]) -> bytes:
        data = base64.b64decode(payload["bytes"])
        return encode(data, str(_TYPED.decode(data)["type"]).encode())

    def end(self) -> bytes:
        return b""


_ODD: Final = (*BROKEN_JSON, binascii.Error, KeyError, TypeError, ValueError, AttributeError)


class FramedStream(WrappedStream):
    """Frames in, what the caller gets for the events in them out."""

    __slots__ = ("_broken", "_decoder", "_events")

    def __init__(self, stream: StreamTranslator, events: Events) -> None:
        super().__init__(stream)
        self._decoder = FrameDecoder()
        self._events = events
        self._broken: Failure | None = None

    @property
    def failure(self) -> Failure | None:
        return self._broken or self._stream.failure

    def feed(self, chunk: bytes) -> bytes:
        if self._over():
            return b""
        try:
            frames = self._decoder.feed(chunk)
        except BrokenFrame as error:
            self._broken = broken("broken_frame", str(error))
            return b""
        out = []
        for frame in frames:
            out.append(self._told(frame))
            if self._over():
                break
        return b"".join(out)

    def _over(self) -> bool:
        return self.failure is not None or self.finished

    def end(self) -> bytes:
        if self._over():
            return b""
        if self._decoder.pending:
            self._broken = broken("truncated", "The provider's stream stopped within a frame.")
            return b""
        return self._stream.feed(self._events.end()) + self._stream.end()

    def cut(self) -> bytes | None:
        return None if self._over() or self._decoder.pending else self._stream.cut()

    def _told(self, frame: Frame) -> bytes:
        if frame.headers.get(":message-type", "event") != "event":
            self._broken = _failure(frame)
            return b""
        try:
            name = frame.headers.get(":event-type", "")
            events = self._events.of(name, _PAYLOAD.decode(frame.payload))
        except _ODD:
            self._broken = upstream_errors.not_json(frame.payload)
            return b""
        return self._stream.feed(events) if events else b""


def _failure(frame: Frame) -> Failure:
    """An exception in the stream, in the form errors have elsewhere."""
    headers = frame.headers
    kind = headers.get(":exception-type") or headers.get(":error-code") or "error"
    try:
        message = str(_PAYLOAD.decode(frame.payload).get("message") or kind)
    except BROKEN_JSON:
        message = headers.get(":error-message") or kind
    status = _STATUSES.get(kind)
    error: Event = {"type": kind, "message": message}
    if status is not None:
        error["code"] = str(status)
    return upstream_errors.in_answer(error, msgspec.json.encode({"error": error}))


_STATUSES: Final = {
    "throttlingException": 429,
    "serviceUnavailableException": 503,
    "modelNotReadyException": 429,
}
"""Source: Bedrock Runtime's service model, the status of each exception."""


def named(event: Event) -> bytes:
    """One of Anthropic's events as a server-sent one."""
    return encode(msgspec.json.encode(event), event["type"].encode())
