"""Decoded messages with tool results directly behind their calls."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from inference.translate.call_order import in_order, is_ordered
from inference.translate.chat.request_schema import ChatMessage

M = TypeVar("M", bound=ChatMessage)


def ordered(messages: list[M], kind: type[M]) -> list[M]:
    """The very same list where nothing has to move."""
    headings = [
        {
            "role": message.role,
            "tool_calls": [{"id": call.id} for call in message.tool_calls or ()],
            "tool_call_id": message.tool_call_id,
        }
        for message in messages
    ]
    if is_ordered(headings):
        return messages
    return msgspec.convert(in_order(msgspec.to_builtins(messages)), list[kind])  # type: ignore[valid-type]  # a type that is passed in
