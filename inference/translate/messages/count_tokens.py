"""Anthropic's token count: asked of an Anthropic-speaking upstream, else estimated here.

OpenAI's protocol has no such question. The estimate is for deciding when to compact a
conversation, not for accounting.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.translate import upstream_errors
from inference.translate.base import JSON, TranslatedAnswer
from inference.translate.json_errors import BROKEN_JSON
from inference.translate.messages.passthrough import MessagesPassThrough
from inference.values.failures import Failure
from inference.values.parsed_request import ParsedRequest

_BYTES_PER_TOKEN: Final = 4
"""UTF-8 bytes: about a token for four letters of English, and for one or two of Chinese."""
_PER_MESSAGE: Final = 4
_PER_IMAGE: Final = 1600
"""Anthropic scales images down to about this many tokens."""
_DOCUMENT_BYTES_PER_TOKEN: Final = 32
"""Of base64: a page of a PDF is some 80 KB and some 2,500 tokens."""
_NO_TEXT: Final = frozenset({"type", "signature", "cache_control", "id", "tool_use_id"})
"""Fields that are no part of the prompt's text."""


class _Count(msgspec.Struct):
    input_tokens: int | None = None
    error: Any = None


_COUNT: Final = msgspec.json.Decoder(_Count)


class CountTokens(MessagesPassThrough):
    """The question as it came, with another model; the answer as it came."""

    def __init__(self) -> None:
        super().__init__("/messages/count_tokens")

    def answer(
        self, request: ParsedRequest, body: bytes, media_type: str = JSON
    ) -> TranslatedAnswer:
        try:
            count = _COUNT.decode(body)
        except BROKEN_JSON:
            return TranslatedAnswer(b"", failure=upstream_errors.not_json(body))
        failure: Failure | None = None
        if count.error:
            failure = upstream_errors.in_answer(count.error, body)
        elif count.input_tokens is None or count.input_tokens <= 0:
            # A prompt has tokens: who says 0 has not counted.
            failure = upstream_errors.no_answer()
        return TranslatedAnswer(b"" if failure is not None else body, failure=failure)


def estimate(request: ParsedRequest) -> int:
    """About how many tokens the prompt of a message request has, its tools included."""
    fields = request.fields
    messages = msgspec.json.decode(fields["messages"])
    tokens = _PER_MESSAGE * len(messages)
    tokens += sum(_weight(message["content"]) for message in messages)
    if "system" in fields:
        tokens += _weight(msgspec.json.decode(fields["system"]))
    if "tools" in fields:
        tokens += _ceil(len(bytes(fields["tools"])), _BYTES_PER_TOKEN)
    return tokens


def estimated_body(request: ParsedRequest) -> bytes:
    """The answer to a token count that nobody else can give."""
    return msgspec.json.encode({"input_tokens": estimate(request)})


def _weight(value: Any) -> int:
    if isinstance(value, str):
        return _ceil(len(value.encode("utf-8", "surrogatepass")), _BYTES_PER_TOKEN)
    if isinstance(value, list):
        return sum(map(_weight, value))
    if not isinstance(value, dict):
        return 0 if value is None else 1
    if value.get("type") == "image":
        return _PER_IMAGE
    source = value.get("source")
    if isinstance(source, dict) and source.get("type") == "base64":
        return _ceil(len(str(source.get("data", ""))), _DOCUMENT_BYTES_PER_TOKEN)
    if value.get("type") == "tool_use":
        given = msgspec.json.encode(value.get("input")).decode()
        return _weight(value.get("name")) + _weight(given)
    return sum(_weight(inner) for name, inner in value.items() if name not in _NO_TEXT)


def _ceil(amount: int, unit: int) -> int:
    return -(-amount // unit)
