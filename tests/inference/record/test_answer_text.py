"""The text of answers in every protocol callers speak, whole and streamed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from inference.record.answer_text import answer_text
from tests.support import openai_shapes as shapes


def events(*documents: dict[str, Any]) -> bytes:
    return b"".join(
        b"event: %b\ndata: %b\n\n" % (one["type"].encode(), json.dumps(one).encode())
        for one in documents
    )


CALL = {
    "index": 0,
    "id": "c",
    "type": "function",
    "function": {"name": "f", "arguments": '{"a":1}'},
}
ANSWERS = {
    "chat": (json.dumps(shapes.completion("Hé!")).encode(), "Hé!"),
    "chat, streamed": (b": hello\n\n" + b"".join(shapes.stream("H", "é!")), "Hé!"),
    "tool call": (json.dumps(shapes.completion("", tool_calls=[CALL])).encode(), '{"a":1}'),
    "tool call, streamed": (shapes.chunk({"tool_calls": [CALL]}), '{"a":1}'),
    "text completion": (b'{"choices":[{"text":"Hello"}]}', "Hello"),
    "messages": (
        b'{"type":"message","content":[{"type":"text","text":"Hi "},'
        b'{"type":"tool_use","name":"f","input":{"a":1}}]}',
        'Hi {"a":1}',
    ),
    "messages, streamed": (
        events(
            {"type": "message_start", "message": {"content": []}},
            {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "Hi "}},
            {
                "type": "content_block_delta",
                "delta": {"type": "input_json_delta", "partial_json": '{"a":1}'},
            },
            {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        ),
        'Hi {"a":1}',
    ),
    "responses": (
        b'{"object":"response","output":[{"type":"message","content":'
        b'[{"type":"output_text","text":"Hi"}]}]}',
        "Hi",
    ),
    "responses, streamed": (
        events(
            {"type": "response.created", "response": {}},
            {"type": "response.output_text.delta", "delta": "Hi"},
            {"type": "response.output_text.done", "text": "Hi"},
        ),
        "Hi",
    ),
    "cut off": (shapes.chunk({"content": "Hel"}) + b'data: {"choices":[{"del', "Hel"),
    "an error": (b'{"error":{"message":"no"}}', '{"error":{"message":"no"}}'),
    "broken off by an error": (
        shapes.chunk({"content": "Hel"}) + b'data: {"error":{"code":"stalled"}}\n\n',
        'Hel{"error":{"code":"stalled"}}',
    ),
    "nothing": (b"", ""),
    "no JSON": (b"<html>", ""),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_the_text_of(name: str) -> None:
    sent, text = ANSWERS[name]
    assert answer_text(sent) == text
