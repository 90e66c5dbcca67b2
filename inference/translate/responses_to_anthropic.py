"""A caller of OpenAI's Responses API, an upstream that speaks Anthropic's protocol.

Two translations one after the other, on values: the Response as a chat completion, and that as
Anthropic's message. Thinking and its signatures travel through both.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from inference.dispatch.failures import Failure
from inference.endpoints.parsed_request import ParsedRequest
from inference.endpoints.parsing import envelope
from inference.translate import upstream_errors
from inference.translate.anthropic_upstream import AnthropicRelay, document_of, message_in
from inference.translate.base import Answer, Outbound
from inference.translate.chat_answer import Completion
from inference.translate.messages_answer import Event
from inference.translate.openai_to_anthropic.answer import completion
from inference.translate.openai_to_anthropic.request import outbound
from inference.translate.openai_to_anthropic.stream import Chunks
from inference.translate.reading import Dropped
from inference.translate.responses_to_openai import events_for, whole_answer
from inference.translate.responses_to_openai.request import chat_request
from inference.translate.responses_to_openai.stream import Events


class ResponsesToAnthropic:
    """The pair. `clock` gives Unix time in seconds, which a Response carries."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    def request(self, inbound: ParsedRequest, model: str) -> Outbound:
        dropped = Dropped()
        chat = msgspec.json.encode(chat_request(inbound, model, "max_completion_tokens", dropped))
        out = outbound(msgspec.structs.replace(inbound, body=chat, fields=envelope(chat)), model)
        dropped.add(*out.dropped)
        return msgspec.structs.replace(out, dropped=dropped.names())

    def relay(self, inbound: ParsedRequest) -> ResponseRelay:
        now = self._clock()
        return ResponseRelay(Chunks(int(now)), events_for(inbound, now))

    def answer(self, inbound: ParsedRequest, body: bytes) -> Answer:
        document = document_of(body)
        message = document if isinstance(document, Failure) else message_in(document)
        if isinstance(message, Failure):
            return Answer(b"", failure=message)
        now = self._clock()
        whole = msgspec.convert(completion(message, int(now)), Completion)
        assert whole.choices
        usage = message.usage.usage() if message.usage is not None else None
        return whole_answer(whole, whole.choices[0], events_for(inbound, now), usage)

    def error(self, failure: Failure) -> bytes | None:
        return upstream_errors.anthropic_as_openai(failure)


class ResponseRelay(AnthropicRelay):
    """Anthropic's events in, events of a Response out."""

    __slots__ = ("_chunks", "_events")

    def __init__(self, chunks: Chunks, events: Events) -> None:
        super().__init__()
        self._chunks = chunks
        self._events = events

    @property
    def sequence(self) -> int:
        return self._events.sequence

    def _known(self, event: Event, data: bytes) -> bytes:
        state = self._chunks
        out = b"".join(
            self._events.of(msgspec.convert(chunk, Completion)) for chunk in state.of(event)
        )
        self.committed = self._events.committed
        self.model, self.finish_reason = state.model, state.finish_reason
        self.failure, self.finished = state.failure, state.finished
        if event.usage is not None or event.message is not None:
            self.usage = state.counts.usage()
        return out + self._events.end(self.usage) if self.finished else out
