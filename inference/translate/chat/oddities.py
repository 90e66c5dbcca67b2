"""Whether a chat request that passes through holds what servers refuse.

Looked for in the bytes, so that a request without costs next to nothing and stays as it came.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import msgspec

from inference.translate.tool_names import has_illegal_names
from inference.values.raw_search import holds_any

_NOTHING: Final = (b"null", b"[]")
_OF_TOOLS: Final = frozenset({"tools", "tool_choice", "parallel_tool_calls"})
_OPEN: Final = re.compile(rb'"parameters"\s*:\s*(?:null|\{(?![^{}\[\]]*"properties"\s*:\s*\{))')
"""Parameters that say nothing of properties before the first object or array within them."""
_OF_CALLS: Final = (b'"arguments"', b'"tool_call_id"')
_ODD_CALL: Final = re.compile(rb'"(?:arguments"\s*:\s*\{|tool_call_id"\s*:\s*"[^"]{41})')


def tools_are_odd(fields: Mapping[str, msgspec.Raw]) -> bool:
    tools = fields.get("tools")
    if tools is None or bytes(tools) in _NOTHING:
        return not _OF_TOOLS.isdisjoint(fields)
    given = bytes(tools)
    return _OPEN.search(given) is not None or has_illegal_names(given)


def history_is_odd(fields: Mapping[str, msgspec.Raw]) -> bool:
    """Calls with arguments that are no text, with ids that are too long, or of renamed tools."""
    messages = fields["messages"]
    if holds_any(messages, _OF_CALLS) and _ODD_CALL.search(bytes(messages)):
        return True
    tools = fields.get("tools")
    return tools is not None and has_illegal_names(bytes(tools))
