"""Whether a chat request that passes through holds what servers refuse.

Looked for in the bytes, so that a request without costs next to nothing and stays as it came.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from inference.translate.tool_names import has_illegal_names

_NOTHING: Final = (b"null", b"[]")
_OPEN: Final = re.compile(rb'"parameters"\s*:\s*(?:null|\{(?![^{}\[\]]*"properties"\s*:\s*\{))')
"""Parameters that say nothing of properties before the first object or array within them."""
_OBJECT: Final = re.compile(rb"\s*:\s*\{")
_LONG_ID: Final = re.compile(rb'\s*:\s*"[^"]{41}')


def tools_are_odd(fields: Mapping[str, msgspec.Raw]) -> bool:
    tools = fields.get("tools")
    if tools is None or bytes(tools) in _NOTHING:
        return any(name in fields for name in ("tools", "tool_choice", "parallel_tool_calls"))
    given = bytes(tools)
    return _OPEN.search(given) is not None or has_illegal_names(given)


def history_is_odd(messages: bytes, fields: Mapping[str, msgspec.Raw]) -> bool:
    """Calls with arguments that are no text, with ids that are too long, or of renamed tools."""
    if any(_OBJECT.match(messages, at) for at in _found(b'"arguments"', messages)):
        return True
    if any(_LONG_ID.match(messages, at) for at in _found(b'"tool_call_id"', messages)):
        return True
    tools = fields.get("tools")
    return tools is not None and has_illegal_names(bytes(tools))


def _found(word: bytes, text: bytes) -> Iterator[int]:
    """Where each occurrence ends."""
    at = text.find(word)
    while at >= 0:
        at += len(word)
        yield at
        at = text.find(word, at)
