"""Errors as upstreams write them, wherever they write them."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from governance.kinds.kind import TOO_LONG
from inference.protocols.anthropic import error_type
from inference.values.failures import Failure, Outcome, broken, says

_OPAQUE: Final = frozenset({401, 402, 403})
"""Statuses about this gateway's own credentials and bills: their text may quote the credential."""


class UpstreamError(NamedTuple):
    """What an upstream says about a failure, as OpenAI's error object: the hub's form."""

    error: dict[str, Any]
    is_openai: bool
    """The upstream's body has OpenAI's form already."""


def in_answer(error: Any, body: bytes) -> Failure:
    """An error inside a 200, whole or streamed. Another candidate may do better.

    `error` is the decoded error; `body` the upstream's bytes, kept for the caller.
    """
    if says(TOO_LONG, body):
        return Failure(Outcome.TOO_LONG, TOO_LONG.code, TOO_LONG.message, 400, body)
    status = 502
    if isinstance(error, dict):
        kind = error.get("type")
        if error.get("code") in (429, "429", "rate_limit_exceeded") or kind == "rate_limit_error":
            status = 429
        elif kind == "overloaded_error" or error.get("code") == 503:
            status = 503
    return broken("error_in_answer", "The provider sent an error in its answer.", status, body)


def not_json(body: bytes = b"") -> Failure:
    return broken("malformed", "The provider sent something that is not valid JSON.", 502, body)


def no_answer() -> Failure:
    return broken("no_answer", "The provider's answer holds no answer.")


def document(failure: Failure) -> dict[str, Any] | None:
    """The upstream's error body, if it is a JSON object that a caller may see."""
    if failure.status in _OPAQUE or not failure.body:
        return None
    try:
        decoded = msgspec.json.decode(failure.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return decoded if isinstance(decoded, dict) else None


def openai_error(document: dict[str, Any], status: int) -> dict[str, Any] | None:
    """The error object of an OpenAI-speaking upstream; None when the body tells nothing.

    Beside OpenAI's `{"error": {...}}` come `{"error": "text"}` (mlx_lm.server, Ollama),
    `{"object": "error", "message": ...}` (vLLM before 0.10) and `{"detail": ...}` (FastAPI).
    """
    error = document.get("error")
    if isinstance(error, dict) and isinstance(error.get("message"), str):
        return error
    for message in (error, document.get("message"), document.get("detail")):
        if isinstance(message, str) and message:
            break
    else:
        return None
    kind, code = document.get("type"), document.get("code")
    return {
        "message": message,
        "type": kind if isinstance(kind, str) else _openai_type(status),
        "param": None,
        "code": code if isinstance(code, str) else None,
    }


def _openai_type(status: int) -> str:
    if status == 429:
        return "rate_limit_error"
    return "invalid_request_error" if 400 <= status < 500 else "api_error"


def anthropic_error(document: dict[str, Any]) -> tuple[str, str] | None:
    """Type and message of an Anthropic-speaking upstream's error; None when it tells nothing."""
    error = document.get("error")
    if isinstance(error, str) and error:
        return "api_error", error
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return None
    kind = error.get("type")
    return (kind if isinstance(kind, str) else "api_error"), error["message"]


def of_openai(failure: Failure) -> UpstreamError | None:
    """What an OpenAI-speaking upstream says; None when it tells nothing."""
    decoded = document(failure)
    error = openai_error(decoded, failure.status) if decoded is not None else None
    if decoded is None or error is None:
        return None
    return UpstreamError(error, is_openai=error is decoded.get("error"))


def of_anthropic(failure: Failure) -> UpstreamError | None:
    """What an Anthropic-speaking upstream says, as OpenAI's error; None when it tells nothing."""
    decoded = document(failure)
    told = anthropic_error(decoded) if decoded is not None else None
    if told is None:
        return None
    kind, message = told
    too_long = failure.outcome is Outcome.TOO_LONG
    error = {
        "message": message,
        "type": "invalid_request_error" if kind == "not_found_error" else kind,
        "param": None,
        # What OpenAI's clients look for before they shorten a conversation.
        "code": "context_length_exceeded" if too_long else None,
    }
    return UpstreamError(error, is_openai=False)


def as_openai(failure: Failure, said: UpstreamError) -> bytes:
    """An upstream's error for a caller of OpenAI's protocols; unmodified when it has their form."""
    return failure.body if said.is_openai else msgspec.json.encode({"error": said.error})


def as_anthropic(failure: Failure, said: UpstreamError) -> bytes:
    """An upstream's error for a caller of Anthropic's protocol."""
    message = said.error["message"]
    if failure.outcome is Outcome.TOO_LONG:
        # What Anthropic's clients look for before they shorten a conversation.
        message = f"prompt is too long: {message}"
    return _anthropic_form(error_type(failure.status), message)


def anthropic_body(failure: Failure) -> bytes | None:
    """An Anthropic-speaking upstream's error for a caller of the same protocol.

    Unmodified when it has Anthropic's form.
    """
    decoded = document(failure)
    told = anthropic_error(decoded) if decoded is not None else None
    if decoded is None or told is None:
        return None
    if decoded.get("type") == "error" and isinstance(decoded["error"], dict):
        return failure.body
    return _anthropic_form(*told)


def _anthropic_form(kind: str, message: str) -> bytes:
    return msgspec.json.encode({"type": "error", "error": {"type": kind, "message": message}})
