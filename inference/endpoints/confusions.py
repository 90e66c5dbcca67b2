"""Bodies that belong to another endpoint: their callers are told where to send them."""

from __future__ import annotations

from typing import Final

import msgspec

from inference.values.parsed_request import BadRequest

CHAT: Final = "/v1/chat/completions"
MESSAGES: Final = "/v1/messages"
_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_PROMPTS: Final = {"input": "/v1/responses", "messages": CHAT, "prompt": "/v1/completions"}
"""The field that holds the prompt, and the endpoint that takes it."""
_ANTHROPICS: Final = ("system", "stop_sequences", "thinking", "top_k")
"""Beside `messages`, what Anthropic's protocol says and OpenAI's does not."""
_OPENAIS: Final = (
    "max_completion_tokens",
    "response_format",
    "reasoning_effort",
    "stream_options",
    "functions",
    "stop",
    "n",
)


def redirected(path: str, error: BadRequest, body: bytes) -> BadRequest:
    """The error with where the body belongs, if it has the form of another endpoint's."""
    try:
        fields = _FIELDS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return error
    place = _place(path, error.field or "", fields)
    if place is None:
        return error
    message = f"{error.message} This looks like a request for {place}: send it there."
    return BadRequest(message, error.field, status=error.status, code=error.code)


def _place(path: str, field: str, fields: dict[str, msgspec.Raw]) -> str | None:
    if field in _PROMPTS and field not in fields:
        for name, place in _PROMPTS.items():
            if name in fields and name != field:
                return MESSAGES if place is CHAT and _any(fields, _ANTHROPICS) else place
    if path == MESSAGES and "messages" in fields and _any(fields, _OPENAIS):
        return CHAT
    if path == CHAT and "messages" in fields and _any(fields, _ANTHROPICS[:2]):
        return MESSAGES
    return None


def _any(fields: dict[str, msgspec.Raw], names: tuple[str, ...]) -> bool:
    return any(name in fields for name in names)
