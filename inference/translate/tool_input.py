"""A tool call's arguments: a JSON text with OpenAI, a JSON object with Anthropic."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

_ILLEGAL_ID: Final = re.compile(r"[^a-zA-Z0-9_-]")
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
NOTHING: Final = msgspec.Raw(b"{}")


def object_of(arguments: str | dict[str, Any]) -> msgspec.Raw:
    """The object that OpenAI's `arguments` spell, as they spell it, or are.

    Models do write what is no JSON object, and agents send it back as history. It is kept whole
    under one key rather than ending the conversation.
    """
    if isinstance(arguments, dict):
        return msgspec.Raw(msgspec.json.encode(arguments))
    text = arguments.strip()
    if not text:
        return NOTHING
    try:
        _OBJECT.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return msgspec.Raw(msgspec.json.encode({"arguments": arguments}))
    return msgspec.Raw(text.encode())


def text_of(value: msgspec.Raw) -> str:
    """OpenAI's `arguments` for Anthropic's `input`, as it came."""
    return bytes(value).decode()


def legal_id(call_id: str) -> str:
    """The id as Anthropic takes it: letters, digits, `_` and `-`. Most stay as they are."""
    return _ILLEGAL_ID.sub("_", call_id) or "_"
