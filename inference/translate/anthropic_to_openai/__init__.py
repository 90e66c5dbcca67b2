"""A caller of Anthropic's messages, an upstream that speaks OpenAI's protocol."""

from __future__ import annotations

from typing import Final

import msgspec

from inference.dispatch.failures import Failure
from inference.endpoints.parsed_request import ParsedRequest
from inference.record.usage import of_openai
from inference.translate import upstream_errors
from inference.translate.anthropic_to_openai.answer import message
from inference.translate.anthropic_to_openai.request import outbound
from inference.translate.anthropic_to_openai.stream import Events
from inference.translate.base import Answer, Outbound
from inference.translate.chat_answer import Completion
from inference.translate.openai_upstream import ChunkRelay, choice_in

_STOPS: Final = msgspec.json.Decoder(list[str] | None)


class AnthropicToOpenAI:
    """The pair."""

    def request(self, inbound: ParsedRequest, model: str) -> Outbound:
        return outbound(inbound, model)

    def relay(self, inbound: ParsedRequest) -> MessageRelay:
        return MessageRelay(_stops(inbound))

    def answer(self, inbound: ParsedRequest, body: bytes) -> Answer:
        found = choice_in(body)
        if isinstance(found, Failure):
            return Answer(b"", failure=found)
        whole, choice = found
        said = message(whole, choice, _stops(inbound))
        return Answer(
            msgspec.json.encode(said),
            model=whole.model or "",
            usage=of_openai(whole.usage),
            finish_reason=said["stop_reason"],
        )

    def error(self, failure: Failure) -> bytes | None:
        return upstream_errors.openai_as_anthropic(failure)


def _stops(inbound: ParsedRequest) -> list[str]:
    """The caller's stop sequences, by which a matched one is known."""
    return _STOPS.decode(inbound.fields.get("stop_sequences", b"null")) or []


class MessageRelay(ChunkRelay):
    """OpenAI's chunks in, Anthropic's events out."""

    __slots__ = ("_events",)

    def __init__(self, stops: list[str]) -> None:
        super().__init__()
        self._events = Events(stops)

    def _chunk(self, chunk: Completion) -> bytes:
        out = self._events.of(chunk)
        self.committed = self._events.committed
        return out

    def _done(self) -> bytes:
        self.finish_reason = self._events.stopped()[0]
        return self._events.end(self.usage)
