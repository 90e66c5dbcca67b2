"""A body at the wrong endpoint is told where it belongs."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from inference.endpoints.registry import BY_REQUEST_TYPE
from inference.values.parsed_request import BadRequest

HI = [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize(
    ("kind", "fields", "place"),
    [
        ("chat", {"input": HI, "tools": [{"type": "function", "name": "f"}]}, "/v1/responses"),
        ("chat", {"input": "hi", "stream": True}, "/v1/responses"),
        ("chat", {"prompt": "hi"}, "/v1/completions"),
        ("chat", {"messages": HI, "system": "be brief", "max_tokens": 5}, "/v1/messages"),
        ("messages", {"input": "hi"}, "/v1/responses"),
        ("messages", {"messages": HI, "max_completion_tokens": 5}, "/v1/chat/completions"),
        ("responses", {"messages": HI}, "/v1/chat/completions"),
        ("responses", {"messages": HI, "system": "x", "max_tokens": 5}, "/v1/messages"),
        ("completions", {"messages": HI}, "/v1/chat/completions"),
        ("embeddings", {"prompt": "hi"}, "/v1/completions"),
    ],
)
def test_it_is_named(kind: str, fields: dict[str, Any], place: str) -> None:
    with pytest.raises(BadRequest) as caught:
        BY_REQUEST_TYPE[kind].read(msgspec.json.encode({"model": "m", **fields}), {})
    assert place in caught.value.message


@pytest.mark.parametrize("kind", ["chat", "messages", "responses", "completions", "embeddings"])
def test_other_errors_are_left_alone(kind: str) -> None:
    with pytest.raises(BadRequest) as caught:
        BY_REQUEST_TYPE[kind].read(b"{}", {})
    assert "/v1/" not in caught.value.message
