"""Upstreams that speak Anthropic's messages, for callers of other protocols."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from inference.translate import upstream_errors
from inference.translate.base import Outbound, TranslatedAnswer
from inference.translate.hub import HubRequest, HubWriter
from inference.translate.messages.answer_schema import MessageEvent
from inference.translate.messages.reader import MessagesStream, document_of, message_in
from inference.translate.messages.upstream.answer import completion
from inference.translate.messages.upstream.request import outbound
from inference.translate.messages.upstream.stream import Chunks
from inference.translate.upstream_errors import ErrorObject
from inference.values.failures import Failure


class MessagesUpstream:
    """The half of the upstream. `clock` gives Unix time in seconds, which chat completions tell."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    def request(self, chat: HubRequest, model: str) -> Outbound:
        return outbound(chat, model)

    def stream(self, writer: HubWriter) -> EventStreamToChat:
        return EventStreamToChat(writer, int(self._clock()))

    def answer(self, writer: HubWriter, body: bytes) -> TranslatedAnswer:
        document = document_of(body)
        message = document if isinstance(document, Failure) else message_in(document)
        if isinstance(message, Failure):
            return TranslatedAnswer(b"", failure=message)
        usage = message.usage.usage() if message.usage is not None else None
        return writer.whole_document(completion(message, int(self._clock())), usage)

    def error(self, failure: Failure) -> ErrorObject | None:
        return upstream_errors.of_anthropic(failure)


class EventStreamToChat(MessagesStream):
    """Anthropic's events in, what the caller's writer makes of chat chunks out."""

    __slots__ = ("_chunks", "_writer")

    def __init__(self, writer: HubWriter, created: int) -> None:
        super().__init__()
        self._chunks = Chunks(created)
        self._writer = writer
        if not writer.text_leaves_no_trace:
            self._looks = 0

    @property
    def sequence(self) -> int:
        return self._writer.sequence

    @property
    def partial(self) -> Mapping[str, Any] | None:
        return self._writer.partial()

    def _passed_over(self, characters: int) -> None:
        self._chunks.said += characters

    def _known(self, event: MessageEvent, data: bytes) -> bytes:
        state, writer = self._chunks, self._writer
        chunks = state.of(event)
        if len(chunks) == 1 and event.type == "content_block_delta":
            out = writer.document(chunks[0])
            self.committed = state.committed and writer.committed
            return out
        out = b"".join(map(writer.document, chunks))
        self.committed = state.committed and writer.committed
        self.model, self.finish_reason = state.model, state.finish_reason
        self.failure, self.finished = state.failure, state.finished
        if event.usage is not None or event.message is not None:
            self.usage = state.counts.usage()
        self._ends = state.ends
        return out + self._done() if self.finished else out

    def _done(self) -> bytes:
        usage = self._writer.document(self._chunks.usage_chunk())
        return usage + self._writer.end(self.usage)
