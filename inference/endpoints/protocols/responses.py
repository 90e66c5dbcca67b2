"""OpenAI's Responses API as callers see it: as the chat API, but for errors inside a stream."""

from __future__ import annotations

from typing import Final

import msgspec

from inference.edge.error_answer import ErrorAnswer
from inference.endpoints.protocols import openai
from inference.endpoints.protocols.openai import (
    HEARTBEAT,
    STATUSES,
    error_body,
    model,
    models,
    own_headers,
)
from inference.translate.sse import encode

__all__ = [
    "HEARTBEAT",
    "STATUSES",
    "error_body",
    "error_event",
    "model",
    "models",
    "name",
    "own_headers",
]

name: Final = openai.name


def error_event(answer: ErrorAnswer, request_id: str) -> bytes:
    """The API's `error` event; no `response.completed` comes after it.

    The SDK raises on a truthy `error` inside, and only hands on an event that has none.
    """
    inside = msgspec.json.decode(error_body(answer, request_id))["error"]
    event = {
        "type": "error",
        "code": inside["code"],
        "message": answer.message,
        "param": inside["param"],
        "sequence_number": answer.sequence,
        "error": inside,
    }
    return encode(msgspec.json.encode(event), b"error")
