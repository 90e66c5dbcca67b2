"""Reads the request of a simulation: a few words about a request, or a whole one.

A whole request is read by the very reader that live traffic passes through, so what is detected
in a rehearsal is what would be detected in earnest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from governance.routing.ask import Ask
from governance.routing.kinds import FEATURES, MODALITIES, REQUEST_TYPES
from inference.asks import chat, completions, embeddings, messages, responses
from inference.inbound import BadRequest, Inbound

_READERS: Final[dict[str, Callable[[bytes, Mapping[bytes, bytes]], Inbound]]] = {
    "chat": chat.read,
    "messages": messages.read,
    "responses": responses.read,
    "completions": completions.read,
    "embeddings": embeddings.read,
}
_CONTENT: Final = ("messages", "input", "prompt")
"""A document with one of these is a whole request."""
_OWN: Final = ("request", "request_type", "capabilities")
"""Fields of the simulation itself."""


def read(document: Mapping[str, Any]) -> Ask:
    """The ask of `{model, request_type, capabilities, routing_profile, request}`.

    The whole request stands under `request` or at the top level. Capabilities that are named are
    added to those detected. Raises `BadRequest` naming the field.
    """
    request_type = document.get("request_type", "chat")
    if request_type not in REQUEST_TYPES:
        raise BadRequest(
            f"`request_type` must be one of {', '.join(REQUEST_TYPES)}.", "request_type"
        )
    named = _capabilities(document.get("capabilities"))
    request = document.get("request")
    if request is None and any(name in document for name in _CONTENT):
        request = {name: value for name, value in document.items() if name not in _OWN}
    if request is None:
        return _plain(document, request_type, named)
    if not isinstance(request, Mapping):
        raise BadRequest("`request` must be an object.", "request")
    whole = dict(request)
    for name in ("model", "routing_profile"):
        if name in document:
            whole.setdefault(name, document[name])
    ask = _READERS[request_type](msgspec.json.encode(whole), {}).ask
    return replace(ask, needs=ask.needs | named) if named else ask


def _plain(document: Mapping[str, Any], request_type: str, named: frozenset[str]) -> Ask:
    return Ask(
        model=_text(document, "model") or "",
        request_type=request_type,
        needs=named or frozenset({"text"}),
        hint=_text(document, "routing_profile"),
    )


def _text(document: Mapping[str, Any], name: str) -> str | None:
    value = document.get(name)
    if value is None or isinstance(value, str):
        return value
    raise BadRequest(f"`{name}` must be a string.", name)


def _capabilities(value: Any) -> frozenset[str]:
    known = MODALITIES + FEATURES
    if value is None:
        return frozenset()
    if not isinstance(value, list):
        raise BadRequest("`capabilities` must be an array of strings.", "capabilities")
    for place, name in enumerate(value):
        if name not in known:
            raise BadRequest(
                f"`capabilities[{place}]` must be one of {', '.join(known)}.",
                f"capabilities[{place}]",
            )
    return frozenset(value)
