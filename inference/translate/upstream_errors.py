"""Errors as upstreams write them, wherever they write them."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

from inference.protocols.anthropic import error_type
from inference.values import failures
from inference.values.failures import Failure, Outcome, broken
from inference.values.reported_error import error_in

_TOO_LONG: Final = "prompt is too long"
"""What Anthropic's clients look for before they shorten a conversation."""


class ErrorObject(NamedTuple):
    """What an upstream says about a failure, as OpenAI's error object: the hub's form."""

    error: dict[str, Any]
    is_openai: bool
    """The upstream's body has OpenAI's form already."""


def in_answer(error: Any, body: bytes) -> Failure:
    """An error inside a 200, whole or streamed; `body` are the upstream's bytes."""
    return failures.in_answer(body)


def not_json(body: bytes = b"") -> Failure:
    return broken("malformed", "The provider sent something that is not valid JSON.", 502, body)


def no_answer(body: bytes = b"") -> Failure:
    """What is said of a 200 without an answer: its own words, where it tells an error."""
    told = laid_open(body) if body else None
    return told or broken("no_answer", "The provider's answer holds no answer.")


def laid_open(body: bytes) -> Failure | None:
    """An error inside a 200 without an `error` around its members, whole or streamed.

    vLLM has `{"object": "error", "message": ...}`, others `{"code": 500, "msg": ..., "success":
    false}`. None for whatever else has no answer, such as a sign of life.
    """
    try:
        said = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(said, dict):
        return None
    if not any(isinstance(said.get(name), str) for name in ("message", "msg", "detail")):
        return None
    kinds = f"{said.get('object')} {said.get('type')}".casefold()
    fine = said.get("code") in (None, 0, 200, "", "0", "200")
    if fine and "error" not in kinds and said.get("success") is not False:
        return None
    return failures.in_answer(body)


def document(failure: Failure) -> dict[str, Any] | None:
    """The upstream's error body, if it is a JSON object that a caller may see.

    Of a list around one object, which is how Gemini answers, it is that one.
    """
    if failure.opaque or not failure.body:
        return None
    try:
        decoded = msgspec.json.decode(failure.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if isinstance(decoded, list) and len(decoded) == 1:
        decoded = decoded[0]
    return decoded if isinstance(decoded, dict) else None


def openai_error(document: dict[str, Any], status: int) -> dict[str, Any] | None:
    """The error object of an OpenAI-speaking upstream; None when the body tells nothing.

    Beside OpenAI's `{"error": {...}}` come many other forms, which `reported_error` lists.
    """
    error = document.get("error")
    if isinstance(error, dict) and isinstance(error.get("message"), str):
        return error
    reported = error_in(document)
    if not reported.message:
        return None
    kind, code = document.get("type"), document.get("code")
    return {
        "message": reported.message,
        "type": kind if isinstance(kind, str) else _openai_type(status),
        "param": None,
        "code": code if isinstance(code, str) else None,
    }


def _openai_type(status: int) -> str:
    if status == 429:
        return "rate_limit_error"
    return "invalid_request_error" if 400 <= status < 500 else "api_error"


_CONTEXT: Final = "context_length_exceeded"
"""What OpenAI's clients look for before they shorten a conversation."""


def anthropic_error(document: dict[str, Any]) -> tuple[str, str] | None:
    """Type and message of an Anthropic-speaking upstream's error; None when it is in another
    form, such as that of a web framework which knows no such path."""
    error = document.get("error")
    if isinstance(error, str) and error:
        return "api_error", error
    if not isinstance(error, dict) or not isinstance(error.get("message"), str):
        return None
    kind = error.get("type")
    return (kind if isinstance(kind, str) else "api_error"), error["message"]


def _told(document: dict[str, Any]) -> tuple[str, str] | None:
    """The same, whatever the form."""
    message = error_in(document).message
    return anthropic_error(document) or (("api_error", message) if message else None)


def of_openai(failure: Failure) -> ErrorObject | None:
    """What an OpenAI-speaking upstream says; None when it tells nothing."""
    decoded = document(failure)
    error = openai_error(decoded, failure.status) if decoded is not None else None
    if decoded is None or error is None:
        return None
    if failure.outcome is Outcome.TOO_LONG and error.get("code") != _CONTEXT:
        return ErrorObject({**error, "code": _CONTEXT}, is_openai=False)
    plain = failure.body.lstrip()[:1] == b"{"
    return ErrorObject(error, is_openai=plain and error is decoded.get("error"))


def of_anthropic(failure: Failure) -> ErrorObject | None:
    """What an Anthropic-speaking upstream says, as OpenAI's error; None when it tells nothing."""
    decoded = document(failure)
    told = _told(decoded) if decoded is not None else None
    if told is None:
        return None
    kind, message = told
    error = {
        "message": message,
        "type": "invalid_request_error" if kind == "not_found_error" else kind,
        "param": None,
        "code": _CONTEXT if failure.outcome is Outcome.TOO_LONG else None,
    }
    return ErrorObject(error, is_openai=False)


def as_openai(failure: Failure, said: ErrorObject) -> bytes:
    """An upstream's error for a caller of OpenAI's protocols; unmodified when it has their form."""
    return failure.body if said.is_openai else msgspec.json.encode({"error": said.error})


def as_anthropic(failure: Failure, said: ErrorObject) -> bytes:
    """An upstream's error for a caller of Anthropic's protocol."""
    message = said.error["message"]
    if failure.outcome is Outcome.TOO_LONG and _TOO_LONG not in message:
        message = f"{_TOO_LONG}: {message}"
    return _anthropic_form(error_type(failure.status), message)


def anthropic_body(failure: Failure) -> bytes | None:
    """An Anthropic-speaking upstream's error for a caller of the same protocol.

    Unmodified when it has Anthropic's form.
    """
    decoded = document(failure)
    told = _told(decoded) if decoded is not None else None
    if decoded is None or told is None:
        return None
    kind, message = told
    lacks_words = failure.outcome is Outcome.TOO_LONG and _TOO_LONG not in message
    ours = decoded.get("type") == "error" and isinstance(decoded.get("error"), dict)
    if ours and failure.body.lstrip()[:1] == b"{" and not lacks_words:
        return failure.body
    return _anthropic_form(kind, f"{_TOO_LONG}: {message}" if lacks_words else message)


def _anthropic_form(kind: str, message: str) -> bytes:
    return msgspec.json.encode({"type": "error", "error": {"type": kind, "message": message}})
