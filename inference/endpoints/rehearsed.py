"""Reads the whole request of a simulation, by the very readers live traffic passes through.

What is detected in a rehearsal is what would be detected in earnest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from governance.routing.request import RoutingRequest
from inference.endpoints import chat, completions, embeddings, messages, responses
from inference.endpoints.parsed_request import ParsedRequest

_READERS: Final[dict[str, Callable[[bytes, Mapping[bytes, bytes]], ParsedRequest]]] = {
    "chat": chat.read,
    "messages": messages.read,
    "responses": responses.read,
    "completions": completions.read,
    "embeddings": embeddings.read,
}


def read(document: Mapping[str, Any]) -> RoutingRequest:
    """The ask of a request; `request_type` beside its own fields says which kind it is.

    Raises `BadRequest` naming the field.
    """
    request = {name: value for name, value in document.items() if name != "request_type"}
    reader = _READERS[document.get("request_type", "chat")]
    return reader(msgspec.json.encode(request), {}).ask
