"""PURE: how many tokens the prompt of a request has at the most, without writing it out."""

from __future__ import annotations

from typing import Final

from inference.local.wire import Json

_OF_TEMPLATE: Final = 256
"""Tokens: the system prompt that many a template begins with."""
_OF_MESSAGE: Final = 32
"""Tokens: the role, and the marks before and behind a message."""


def most_of_text(text: str) -> int:
    """No token is shorter than a byte, but for the mark of the beginning."""
    return len(text.encode()) + 1


def most_of_chat(body: Json) -> int | None:
    """None where it cannot be told: templates write tools out in their own way, and what a picture
    takes is the projector's choice."""
    if body.get("tools") or any("tool_calls" in one for one in body["messages"]):
        return None
    total = _OF_TEMPLATE
    for message in body["messages"]:
        texts = [value for name, value in message.items() if name != "role"]
        if not all(isinstance(text, str | None) for text in texts):
            return None
        total += _OF_MESSAGE + sum(len(text.encode()) for text in texts if text)
    return total


def has_pictures(body: Json) -> bool:
    return any(isinstance(one.get("content"), list) for one in body["messages"])
