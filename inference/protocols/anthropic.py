"""Anthropic's protocol as callers see it: errors, error events, pings and the list of models.

Source: Anthropic's API reference (errors, streaming, models) and the `anthropic` SDK.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from governance.routing.names import ListedModel
from inference.protocols.model_fields import anthropic_fields
from inference.protocols.sse import encode
from inference.values.error_answer import ErrorAnswer

_TYPES: Final = {
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_UNKNOWN_AGE: Final = "1970-01-01T00:00:00Z"
"""Anthropic's own word for a release date that is not known."""


def error_type(status: int) -> str:
    """The name of an error with this HTTP status."""
    kind = _TYPES.get(status)
    if kind is None:
        return "invalid_request_error" if status < 500 else "api_error"
    return kind


def _error(answer: ErrorAnswer, request_id: str) -> bytes:
    message = answer.message
    if answer.code == "too_long" and answer.said is None:
        # The words coding agents look for before they compact a conversation.
        message = f"prompt is too long: {message}"
    billing = answer.code in ("no_credit", "http_402")
    error: dict[str, Any] = {
        "type": "billing_error" if billing else error_type(answer.status),
        **(answer.said or {}),
        "message": message,
    }
    if answer.field is not None:
        error["param"] = answer.field
    if answer.code is not None and answer.said is None:
        error["code"] = answer.code
    if answer.details is not None:
        error["details"] = dict(answer.details)
    if answer.attempts:
        error["attempts"] = list(answer.attempts)
    return msgspec.json.encode({"type": "error", "error": error, "request_id": request_id})


class AnthropicProtocol:
    """Errors, pings and model lists in Anthropic's shapes."""

    name = "anthropic"
    HEARTBEAT = encode(b'{"type": "ping"}', b"ping")
    """The protocol's own sign of life; coding agents give up after 300 s of silence."""
    STATUSES: Mapping[int, int] = {}
    """Statuses that only the other protocol knows: none, and 503 is what proxies say too."""

    def error_body(self, answer: ErrorAnswer, request_id: str) -> bytes:
        """`{"type": "error", "error": {"type", "message"}, "request_id"}`, and what is known."""
        return _error(answer, request_id)

    def error_event(self, answer: ErrorAnswer, request_id: str) -> bytes:
        """`event: error`, which may follow a 200; no `message_stop` comes after it."""
        return encode(_error(answer, request_id), b"error")

    def told_by_event(self, status: int, client: bytes) -> bool:
        """SDKs and agents go by the status."""
        return False

    def own_headers(self, request_id: str) -> list[tuple[bytes, bytes]]:
        """Headers of every answer beside the gateway's own."""
        return [(b"request-id", request_id.encode())]

    def model(self, name: ListedModel) -> dict[str, Any]:
        """The body of `GET /v1/models/{id}` for a caller who sends Anthropic's headers."""
        return {
            "type": "model",
            "id": name.id,
            "display_name": name.id,
            "created_at": _UNKNOWN_AGE,
            "lifecycle": "active",
            **anthropic_fields(name.facts),
        }

    def models(self, names: Iterable[ListedModel], *, has_more: bool = False) -> dict[str, Any]:
        """The body of `GET /v1/models`: one page, and whether there are more."""
        data = [self.model(name) for name in names]
        return {
            "data": data,
            "has_more": has_more,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
        }


ANTHROPIC: Final = AnthropicProtocol()
