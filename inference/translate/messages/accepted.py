"""Turns as Anthropic accepts them, for what passes through: ids of calls and types of images.

Looked for in the bytes, so that turns without such faults stay as they came. All of it takes any
JSON: what is not of a request's form is left for the server to refuse.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from inference.translate import media
from inference.translate.base import Inexpressible
from inference.translate.tool_input import legal_id
from inference.values.raw_search import holds

_RESULT: Final = b'"tool_use_id"'
_ID: Final = re.compile(rb'\s*:\s*(?:"[a-zA-Z0-9_-]+"|null)')
_IMAGE: Final = b'"image/'
_IMAGES: Final = (b'"image/jpg"', b'"image/pjpeg"', b'"image/x-png"')


def accepted_turns(messages: msgspec.Raw) -> msgspec.Raw:
    """The turns, the very same bytes where nothing is odd. Raises `Inexpressible`."""
    if not _are_odd(bytes(messages)):
        return messages
    try:
        turns = msgspec.json.decode(messages)
    except RecursionError:
        raise Inexpressible("messages", "`messages` is nested too deeply.") from None
    for turn in turns if isinstance(turns, list) else ():
        _mend(turn.get("content") if isinstance(turn, dict) else None)
    return msgspec.Raw(msgspec.json.encode(turns))


def _are_odd(messages: bytes) -> bool:
    if holds(messages, _IMAGE) and any(name in messages for name in _IMAGES):
        return True
    at = messages.find(_RESULT)
    while at >= 0:
        at += len(_RESULT)
        if _ID.match(messages, at) is None:
            return True
        at = messages.find(_RESULT, at)
    return False


def _mend(blocks: Any) -> None:
    for block in blocks if isinstance(blocks, list) else ():
        if not isinstance(block, dict):
            continue
        for name in ("id", "tool_use_id"):
            if isinstance(block.get(name), str):
                block[name] = legal_id(block[name])
        source = block.get("source")
        if isinstance(source, dict) and isinstance(source.get("media_type"), str):
            source["media_type"] = media.registered(source["media_type"])
        if block.get("type") == "tool_result":
            _mend(block.get("content"))
