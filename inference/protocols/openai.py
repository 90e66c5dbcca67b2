"""OpenAI's protocol as callers see it: errors, error events, comments and the end of a stream.

Source: OpenAI's API reference (error object, server-sent events) and the `openai` SDK, which
retries 408, 409, 429 and 5xx twice unless `x-should-retry` says otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from governance.routing.names import ListedModel
from inference.protocols.model_fields import openrouter_fields
from inference.values.error_answer import ErrorAnswer

_TYPES: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "invalid_request_error",
    405: "invalid_request_error",
    408: "timeout_error",
    413: "invalid_request_error",
    415: "invalid_request_error",
    422: "invalid_request_error",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
_CODES: Final = {
    "too_long": "context_length_exceeded",
    "no_credit": "insufficient_quota",
    "http_402": "insufficient_quota",
}
"""What clients look for before they shorten a conversation, or stop asking."""
_NO_CREDIT: Final = "insufficient_quota"


def _error(answer: ErrorAnswer) -> dict[str, Any]:
    kind = _TYPES.get(answer.status)
    if kind is None:
        kind = "invalid_request_error" if answer.status < 500 else "api_error"
    code = _CODES.get(answer.code or "", answer.code)
    error: dict[str, Any] = {
        "type": _NO_CREDIT if code == _NO_CREDIT else kind,
        "param": answer.field,
        "code": code,
        **(answer.said or {}),
        "message": answer.message,
    }
    if answer.attempts:
        error["attempts"] = list(answer.attempts)
    return error


class OpenAIProtocol:
    """Errors, comments and model lists in OpenAI's shapes."""

    name = "openai"
    HEARTBEAT = b": waiting\n\n"
    """A comment; SSE parsers skip lines that start with a colon."""
    STATUSES: Mapping[int, int] = {402: 429, 529: 503}
    """Statuses that only the other protocol knows; a quota that is used up is told by its code."""

    def error_body(self, answer: ErrorAnswer, request_id: str) -> bytes:
        """`{"error": {"message", "type", "param", "code"}}`, with the attempts there were."""
        return msgspec.json.encode({"error": {**_error(answer), "request_id": request_id}})

    def error_event(self, answer: ErrorAnswer, request_id: str) -> bytes:
        """What ends a committed stream that broke; no `[DONE]` follows it.

        The SDK raises on a chunk with a truthy `error`, and takes a plain end for a complete
        answer.
        """
        return b"data: " + self.error_body(answer, request_id) + b"\n\n"

    def told_by_event(self, status: int, client: bytes) -> bool:
        """SDKs and agents go by the status."""
        return False

    def own_headers(self, request_id: str) -> list[tuple[bytes, bytes]]:
        """Headers of every answer beside the gateway's own; OpenAI's protocol asks for none."""
        return []

    def model(self, name: ListedModel) -> dict[str, Any]:
        """The body of `GET /v1/models/{id}`; `created` is a constant, an age is not known."""
        own = {"id": name.id, "object": "model", "created": 0, "owned_by": name.owner}
        return own | openrouter_fields(name.id, name.facts)

    def models(self, names: Iterable[ListedModel], *, has_more: bool = False) -> dict[str, Any]:
        """The body of `GET /v1/models`, which has no pages."""
        return {"object": "list", "data": [self.model(name) for name in names]}


OPENAI: Final = OpenAIProtocol()
