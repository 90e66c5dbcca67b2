"""Anthropic's answers as a translation reads them: events of a stream, and whole messages.

Source: Anthropic's API reference (streaming, messages) and the `anthropic` SDK's types.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.translate.tool_input import NOTHING
from inference.values.usage import Usage


class OutputDetails(msgspec.Struct):
    thinking_tokens: int | None = None


class Counts(msgspec.Struct):
    """Anthropic's `usage`. In a stream each value is the total until then."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    output_tokens_details: OutputDetails | None = None
    service_tier: str | None = None

    def update(self, later: Counts) -> None:
        """Takes over what a later event says; what it leaves out stays."""
        for name in self.__struct_fields__:
            value = getattr(later, name)
            if value is not None:
                setattr(self, name, value)

    def usage(self) -> Usage:
        """In the gateway's terms, where the prompt counts its cached parts."""
        cached = self.cache_read_input_tokens or 0
        written = self.cache_creation_input_tokens or 0
        details = self.output_tokens_details
        return Usage(
            prompt=(self.input_tokens or 0) + cached + written,
            completion=self.output_tokens or 0,
            cached=cached,
            cache_written=written,
            reasoning=(details.thinking_tokens or 0) if details is not None else 0,
        )


class StopDetails(msgspec.Struct):
    explanation: str | None = None


class Block(msgspec.Struct):
    type: str
    text: str = ""
    thinking: str = ""
    signature: str = ""
    data: str = ""
    id: str = ""
    name: str = ""
    input: msgspec.Raw = NOTHING


class Delta(msgspec.Struct):
    """Of a block or of the message."""

    type: str = ""
    text: str = ""
    thinking: str = ""
    signature: str = ""
    partial_json: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None


class Message(msgspec.Struct):
    id: str = ""
    type: str = "message"
    model: str = ""
    content: list[Block] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None
    usage: Counts | None = None
    error: Any = None


class Event(msgspec.Struct):
    type: str
    index: int = 0
    message: Message | None = None
    content_block: Block | None = None
    delta: Delta | None = None
    usage: Counts | None = None
    error: Any = None


EVENT: Final = msgspec.json.Decoder(Event)
MESSAGE: Final = msgspec.json.Decoder(Message)
