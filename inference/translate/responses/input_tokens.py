"""About how many tokens a Responses request has: for deciding when to compact, not for accounting.

Few providers have such a question, and the request is translated for most, so it is estimated.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.translate import upstream_errors
from inference.translate.base import JSON, Outbound, TranslatedAnswer
from inference.translate.json_errors import BROKEN_JSON, Dropped
from inference.translate.responses.passthrough import ResponsesPassThrough, opened_fields
from inference.values.parsed_request import ParsedRequest

_BYTES_PER_TOKEN: Final = 4
"""UTF-8 bytes: about a token for four letters of English, and for one or two of Chinese."""
_PER_ITEM: Final = 4
_PER_IMAGE: Final = 1600
_DATA_BYTES_PER_TOKEN: Final = 32
"""Of base64: a page of a PDF is some 80 KB and some 2,500 tokens."""
_NO_TEXT: Final = frozenset({"type", "id", "status", "call_id", "encrypted_content"})
"""Fields that are no part of the prompt's text."""
_DATA: Final = frozenset({"file_data", "data"})
_COUNTED: Final = frozenset(
    {"conversation", "input", "instructions", "model", "parallel_tool_calls",
     "previous_response_id", "reasoning", "text", "tool_choice", "tools", "truncation"}
)  # fmt: skip
"""What the question knows. Source: OpenAI's API reference, "Get input token counts"."""


class InputTokens(ResponsesPassThrough):
    """The question as it came, for who speaks the Responses API itself."""

    def request(self, request: ParsedRequest, model: str) -> Outbound:
        dropped = Dropped()
        fields = opened_fields(request, model, dropped)
        body = msgspec.json.encode({name: fields[name] for name in fields if name in _COUNTED})
        return Outbound("/responses/input_tokens", body, dropped.names())

    def answer(
        self, request: ParsedRequest, body: bytes, media_type: str = JSON
    ) -> TranslatedAnswer:
        try:
            msgspec.json.decode(body, type=_Count)
        except BROKEN_JSON:
            return TranslatedAnswer(b"", failure=upstream_errors.no_answer())
        return TranslatedAnswer(body)


class _Count(msgspec.Struct):
    input_tokens: int


def estimated_body(request: ParsedRequest) -> bytes:
    """The answer to `POST /v1/responses/input_tokens`."""
    tokens = estimate(request)
    return msgspec.json.encode({"object": "response.input_tokens", "input_tokens": tokens})


def estimate(request: ParsedRequest) -> int:
    """At least 1, tools and instructions included."""
    fields = request.fields
    given = msgspec.json.decode(fields.get("input", b'""'))
    tokens = _PER_ITEM * (len(given) if isinstance(given, list) else 1) + _weight(given)
    for name in ("instructions", "tools"):
        if name in fields:
            tokens += _weight(msgspec.json.decode(fields[name]))
    return max(tokens, 1)


def _weight(value: Any) -> int:
    if isinstance(value, str):
        return _ceil(len(value.encode("utf-8", "surrogatepass")), _BYTES_PER_TOKEN)
    if isinstance(value, list):
        return sum(map(_weight, value))
    if not isinstance(value, dict):
        return 0 if value is None else 1
    if value.get("type") == "input_image":
        return _PER_IMAGE
    tokens = 0
    for name, inner in value.items():
        if name in _DATA and isinstance(inner, str):
            tokens += _ceil(len(inner), _DATA_BYTES_PER_TOKEN)
        elif name not in _NO_TEXT:
            tokens += _weight(inner)
    return tokens


def _ceil(amount: int, unit: int) -> int:
    return -(-amount // unit)
