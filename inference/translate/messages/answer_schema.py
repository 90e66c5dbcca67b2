"""Anthropic's answers as a translation reads them: events of a stream, and whole messages.

Source: Anthropic's API reference (streaming, messages) and the `anthropic` SDK's types.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.translate.lenient import LenientDecoder
from inference.translate.message_counts import Counts
from inference.translate.tool_input import NOTHING


class StopDetails(msgspec.Struct):
    explanation: str | None = None


class AnswerBlock(msgspec.Struct):
    type: str
    text: str = ""
    thinking: str = ""
    signature: str = ""
    data: str = ""
    id: str = ""
    name: str = ""
    input: msgspec.Raw = NOTHING


class BlockDelta(msgspec.Struct):
    """Of a block or of the message."""

    type: str = ""
    text: str = ""
    thinking: str = ""
    signature: str = ""
    partial_json: str = ""
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None


class AnswerMessage(msgspec.Struct):
    id: str = ""
    type: str = "message"
    model: str = ""
    content: list[AnswerBlock] | None = None
    stop_reason: str | None = None
    stop_sequence: str | None = None
    stop_details: StopDetails | None = None
    usage: Counts | None = None
    error: Any = None


class MessageEvent(msgspec.Struct):
    type: str = ""
    index: int = 0
    message: AnswerMessage | None = None
    content_block: AnswerBlock | None = None
    delta: BlockDelta | None = None
    usage: Counts | None = None
    error: Any = None


EVENT: Final = LenientDecoder(MessageEvent)
MESSAGE: Final = LenientDecoder(AnswerMessage, "content")
