"""A caller of OpenAI's Responses API, an upstream that speaks chat completions.

Most servers that speak OpenAI's protocol know no `/responses`, so this is how all are spoken to.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import msgspec

from inference.dispatch.failures import Failure
from inference.endpoints.parsed_request import ParsedRequest
from inference.record.usage import Usage, of_openai
from inference.translate.base import Answer, Outbound
from inference.translate.chat_answer import Choice, Completion
from inference.translate.openai_limits import limit_field
from inference.translate.openai_to_openai import error_body
from inference.translate.openai_upstream import ChunkRelay, choice_in
from inference.translate.reading import Dropped
from inference.translate.responses_request import Reasoning
from inference.translate.responses_to_openai.frame import frame
from inference.translate.responses_to_openai.items import with_texts_alone
from inference.translate.responses_to_openai.request import chat_request
from inference.translate.responses_to_openai.stream import Events


class ResponsesToOpenAI:
    """The pair. `clock` gives Unix time in seconds, which a Response carries."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock

    def request(self, inbound: ParsedRequest, model: str) -> Outbound:
        dropped = Dropped()
        chat = chat_request(inbound, model, limit_field(model), dropped)
        chat["messages"] = with_texts_alone(chat["messages"])
        for message in chat["messages"]:
            if message.pop("thinking_blocks", None):
                # Signed by an Anthropic model for itself; it means nothing to another.
                dropped.add("input.reasoning")
        if inbound.ask.stream:
            chat["stream_options"] = {"include_usage": True}
        return Outbound("/chat/completions", msgspec.json.encode(chat), dropped.names())

    def relay(self, inbound: ParsedRequest) -> ResponseRelay:
        return ResponseRelay(events_for(inbound, self._clock()))

    def answer(self, inbound: ParsedRequest, body: bytes) -> Answer:
        found = choice_in(body)
        if isinstance(found, Failure):
            return Answer(b"", failure=found)
        whole, choice = found
        events = events_for(inbound, self._clock())
        return whole_answer(whole, choice, events, of_openai(whole.usage))

    def error(self, failure: Failure) -> bytes | None:
        return error_body(failure)


class ResponseRelay(ChunkRelay):
    """Chunks of a chat completion in, events of a Response out."""

    __slots__ = ("_events",)

    def __init__(self, events: Events) -> None:
        super().__init__()
        self._events = events

    @property
    def sequence(self) -> int:
        return self._events.sequence

    def _chunk(self, chunk: Completion) -> bytes:
        out = self._events.of(chunk)
        self.committed = self._events.committed
        return out

    def _done(self) -> bytes:
        self.finish_reason = self._events.finish_reason
        return self._events.end(self.usage)


def events_for(inbound: ParsedRequest, now: float) -> Events:
    """The events of an answer to this request; `now` is Unix time in seconds."""
    raw = inbound.fields.get("reasoning", b"null")
    reasoning = msgspec.json.decode(raw, type=Reasoning | None) or Reasoning()
    summarized = bool(reasoning.summary or reasoning.generate_summary)
    return Events(frame(inbound.fields, int(now)), summarized=summarized)


def whole_answer(whole: Completion, choice: Choice, events: Events, usage: Usage | None) -> Answer:
    """The Response that a whole completion makes: the same events, of which the last is kept."""
    choice.finish_reason = choice.finish_reason or "stop"
    events.of(whole)
    response: dict[str, Any] = events.response(usage)
    return Answer(
        msgspec.json.encode(response),
        model=whole.model or "",
        usage=usage,
        finish_reason=events.finish_reason,
    )
