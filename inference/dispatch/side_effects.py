"""What a request sets going beside its answer, or refers to beyond itself. PURE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from inference.dispatch.response_references import references_in
from inference.values.parsed_request import ParsedRequest

_TOOLS: Final = ("mcp_servers", "web_search_options", "plugins", "container")
"""Members that lead to tools beside those that are listed, and which the provider itself uses."""
_KEPT_ELSEWHERE: Final = ("background", "prompt")
"""Members of a Responses request that refer to what a provider keeps, or make it keep something."""
_NOTHING: Final = (b"null", b"false", b"[]", b"{}", b'""')


def uses_tools(request: ParsedRequest) -> bool:
    """Whether the provider itself may do something while it answers."""
    return any(_says(request.fields, name) for name in _TOOLS)


def refers_elsewhere(request: ParsedRequest) -> bool:
    """Whether a Responses request is about what is kept somewhere, or is to be."""
    if request.routing_request.request_type != "responses":
        return False
    fields = request.fields
    return any(_says(fields, name) for name in _KEPT_ELSEWHERE) or bool(references_in(fields))


def _says(fields: Mapping[str, msgspec.Raw], name: str) -> bool:
    """Whether the request has the member, with something in it."""
    return bytes(fields.get(name, b"null")) not in _NOTHING
