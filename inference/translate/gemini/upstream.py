"""Upstreams that speak Google's `generateContent`, for callers of every protocol."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from inference.protocols.sse import Event, EventTooLarge, Parser
from inference.translate import upstream_errors
from inference.translate.base import Outbound, TranslatedAnswer
from inference.translate.chat.whole import completion_of
from inference.translate.event_stream import EventStream
from inference.translate.gemini.answer_schema import GENERATED, Generated
from inference.translate.gemini.request import outbound
from inference.translate.gemini.stream import Chunk, GeminiChunks
from inference.translate.hub import HubRequest, HubWriter
from inference.translate.json_errors import BROKEN_JSON
from inference.translate.upstream_errors import ErrorObject
from inference.values.failures import Failure, Outcome
from inference.values.reported_error import error_in


class GeminiUpstream:
    """The half of the upstream. `clock` gives Unix time in seconds, `above` is what stands before
    the path of a model."""

    def __init__(self, above: str = "", clock: Callable[[], float] = time.time) -> None:
        self._above = above
        self._clock = clock

    def request(self, chat: HubRequest, model: str) -> Outbound:
        made = outbound(chat, model)
        return msgspec.structs.replace(made, path=self._above + made.path) if self._above else made

    def stream(self, writer: HubWriter) -> GeminiStream:
        return GeminiStream(writer, int(self._clock()))

    def answer(self, writer: HubWriter, body: bytes) -> TranslatedAnswer:
        """A whole answer, also when it came as a stream."""
        state = GeminiChunks(int(self._clock()))
        chunks: list[Chunk] = []
        for said in _answers(body):
            if isinstance(said, Failure):
                return TranslatedAnswer(b"", failure=said)
            chunks += state.of(said)
            if state.failure is not None:
                return TranslatedAnswer(b"", failure=state.failure)
        if not state.finish_reason:
            return TranslatedAnswer(b"", failure=upstream_errors.no_answer(body))
        whole = completion_of([*chunks, state.usage_chunk()])
        return writer.whole_document(whole, state.usage)

    def error(self, failure: Failure) -> ErrorObject | None:
        """Google's error object has other members than OpenAI's."""
        document = upstream_errors.document(failure)
        reported = error_in(document) if document is not None else None
        if reported is None or not reported.message:
            return None
        long = failure.outcome is Outcome.TOO_LONG
        error = {
            "message": reported.message,
            "type": "invalid_request_error" if 400 <= failure.status < 500 else "api_error",
            "param": None,
            "code": "context_length_exceeded" if long else failure.code,
        }
        return ErrorObject(error, is_openai=False)


class GeminiStream(EventStream):
    """Google's events in, what the caller's writer makes of chat chunks out."""

    __slots__ = ("_state", "_writer")

    def __init__(self, writer: HubWriter, created: int) -> None:
        super().__init__()
        self._state = GeminiChunks(created)
        self._writer = writer

    @property
    def sequence(self) -> int:
        return self._writer.sequence

    @property
    def partial(self) -> Mapping[str, Any] | None:
        return self._writer.partial()

    def _event(self, name: bytes, data: bytes) -> bytes:
        if not data:
            return b""
        said = _read(data)
        if isinstance(said, Failure):
            self.failure = said
            return b""
        state, writer = self._state, self._writer
        out = b"".join(map(writer.document, state.of(said)))
        self.failure = state.failure
        self.committed = state.committed and writer.committed
        self.model, self.usage = state.model, state.usage
        self._ends = bool(state.finish_reason)
        return out

    def _done(self) -> bytes:
        out = self._writer.document(self._state.usage_chunk()) + self._writer.end(self.usage)
        self.finish_reason = self._writer.finish_reason or self._state.finish_reason
        return out

    def _unrolled(self, document: bytes) -> list[Event] | Failure:
        return [Event(b"", document)]


def _read(data: bytes) -> Generated | Failure:
    try:
        said = GENERATED.decode(data)
    except BROKEN_JSON:
        return upstream_errors.not_json(data)
    return upstream_errors.in_answer(said.error, data) if said.error else said


def _answers(body: bytes) -> list[Generated | Failure]:
    head = body.lstrip()[:1]
    if head == b"{":
        return [_read(body)]
    try:
        if head == b"[":
            return [_read(bytes(one)) for one in msgspec.json.decode(body, type=list[msgspec.Raw])]
        parser = Parser()
        events = (*parser.feed(body), *parser.end())
        read = [_read(one.data) for one in events if one.data]
        return read or [upstream_errors.not_json(body)]
    except (EventTooLarge, *BROKEN_JSON):
        return [upstream_errors.not_json(body)]
