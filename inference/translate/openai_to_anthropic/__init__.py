"""A caller of OpenAI's chat completions, an upstream that speaks Anthropic's protocol."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import msgspec

from inference.dispatch.failures import Failure
from inference.endpoints.parsed_request import ParsedRequest
from inference.protocols.sse import encode
from inference.translate import upstream_errors
from inference.translate.anthropic_upstream import AnthropicRelay, document_of, message_in
from inference.translate.base import Answer, Outbound
from inference.translate.messages_answer import Event
from inference.translate.openai_to_anthropic.answer import FINISH_REASONS, completion
from inference.translate.openai_to_anthropic.request import outbound
from inference.translate.openai_to_anthropic.stream import Chunks

_DONE: Final = b"data: [DONE]\n\n"


class OpenAIToAnthropic:
    """The pair. `clock` gives Unix time in seconds, which only OpenAI's answers carry."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    def request(self, inbound: ParsedRequest, model: str) -> Outbound:
        return outbound(inbound, model)

    def relay(self, inbound: ParsedRequest) -> ChatRelay:
        return ChatRelay(int(self._clock()), wants_usage=inbound.wants_usage)

    def answer(self, inbound: ParsedRequest, body: bytes) -> Answer:
        document = document_of(body)
        message = document if isinstance(document, Failure) else message_in(document)
        if isinstance(message, Failure):
            return Answer(b"", failure=message)
        return Answer(
            msgspec.json.encode(completion(message, int(self._clock()))),
            model=message.model,
            usage=message.usage.usage() if message.usage is not None else None,
            finish_reason=FINISH_REASONS.get(message.stop_reason or "", "stop"),
        )

    def error(self, failure: Failure) -> bytes | None:
        return upstream_errors.anthropic_as_openai(failure)


class ChatRelay(AnthropicRelay):
    """Anthropic's events in, OpenAI's chunks out."""

    __slots__ = ("_chunks", "_wants_usage")

    def __init__(self, created: int, *, wants_usage: bool) -> None:
        super().__init__()
        self._chunks = Chunks(created)
        self._wants_usage = wants_usage

    def _known(self, event: Event, data: bytes) -> bytes:
        state = self._chunks
        chunks = state.of(event)
        self.committed = state.committed
        if len(chunks) == 1 and event.type == "content_block_delta":
            return b"data: " + msgspec.json.encode(chunks[0]) + b"\n\n"
        self.model, self.finish_reason = state.model, state.finish_reason
        self.failure, self.finished = state.failure, state.finished
        if event.usage is not None or event.message is not None:
            self.usage = state.counts.usage()
        out = b"".join(encode(msgspec.json.encode(chunk)) for chunk in chunks)
        if not self.finished:
            return out
        if self._wants_usage:
            out += encode(msgspec.json.encode(state.usage_chunk()))
        return out + _DONE
