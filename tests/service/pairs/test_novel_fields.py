"""A field this gateway does not know, put anywhere into a request, is passed on or named.

Where both sides speak one protocol it passes; a translation names it among what it dropped, or
refuses the request. Tried at every object of requests that use all there is.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from inference.endpoints import chat, messages, responses
from inference.endpoints.registry import translator_for
from inference.translate.base import Inexpressible
from inference.values.parsed_request import BadRequest, ParsedRequest
from tests.service.pairs import coding_agent
from tests.service.pairs.talk import ADD, IMAGE_URL

Path = tuple[str | int, ...]
PDF = {"file_data": "data:application/pdf;base64,JVBERi0=", "filename": "a.pdf"}
THOUGHT = {"type": "thinking", "thinking": "t", "signature": "s"}
FUNCTION = {"name": "add", "description": "Adds.", "parameters": ADD, "strict": True}
CALL = {"id": "call_1", "type": "function", "function": {"name": "add", "arguments": "{}"}}
FORM = {"name": "x", "description": "d", "schema": ADD, "strict": True}

CHAT: dict[str, Any] = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "s"},
        {"role": "developer", "content": [{"type": "text", "text": "x"}]},
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "x"},
                {"type": "image_url", "image_url": {"url": IMAGE_URL, "detail": "low"}},
                {"type": "file", "file": PDF},
            ],
        },
        {"role": "assistant", "content": "c", "tool_calls": [CALL], "thinking_blocks": [THOUGHT]},
        {"role": "tool", "tool_call_id": "call_1", "content": "r"},
    ],
    "tools": [{"type": "function", "function": FUNCTION}],
    "tool_choice": {"type": "function", "function": {"name": "add"}},
    "response_format": {"type": "json_schema", "json_schema": FORM},
    "metadata": {"a": "b"},
    "prediction": {"type": "content", "content": "x"},
}
RESPONSES: dict[str, Any] = {
    "model": "m",
    "instructions": "i",
    "input": [
        {
            "role": "user",
            "content": [
                {"type": "input_text", "text": "x"},
                {"type": "input_image", "image_url": IMAGE_URL, "detail": "auto"},
            ],
        },
        {"type": "function_call", "call_id": "a", "name": "add", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "a", "output": "r"},
        {
            "type": "message",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "t"}],
        },
        {"role": "user", "content": "more"},
    ],
    "tools": [{"type": "function", **FUNCTION}],
    "tool_choice": {"type": "function", "name": "add"},
    "text": {"format": {"type": "json_schema", **FORM}, "verbosity": "low"},
    "reasoning": {"effort": "low", "summary": "auto"},
}

Reader = Callable[[bytes, dict[bytes, bytes]], ParsedRequest]
REQUESTS: dict[str, tuple[Reader, dict[str, Any]]] = {
    "chat": (chat.parse, CHAT),
    "messages": (messages.parse, coding_agent.body("m", stream=True)),
    "responses": (responses.parse, RESPONSES),
}


def objects(value: Any, path: Path = ()) -> Iterator[Path]:
    if isinstance(value, dict):
        yield path
        for name, inner in value.items():
            yield from objects(inner, (*path, name))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from objects(inner, (*path, place))


def with_novelty(body: dict[str, Any], path: Path) -> bytes:
    changed = copy.deepcopy(body)
    found: Any = changed
    for step in path:
        found = found[step]
    found["novel_field"] = "novel-value"
    return json.dumps(changed).encode()


@pytest.mark.parametrize("upstream", ["openai", "anthropic"])
@pytest.mark.parametrize("request_type", REQUESTS)
def test_nowhere_is_a_field_lost_silently(request_type: str, upstream: str) -> None:
    read, body = REQUESTS[request_type]
    pair = translator_for(request_type, upstream)
    before = set(pair.request(read(json.dumps(body).encode(), {}), "real").dropped)
    lost, refused = [], []
    for path in objects(body):
        name = ".".join(step for step in (*path, "novel_field") if isinstance(step, str))
        try:
            outbound = pair.request(read(with_novelty(body, path), {}), "real")
        except Inexpressible:
            refused.append(name)
            continue
        told = set(outbound.dropped)
        within = {name.rsplit(".", depth)[0] for depth in range(name.count(".") + 1)}
        within |= set(name.split("."))
        if b"novel-value" not in outbound.body and not told & within:
            lost.append(name)
        if (request_type, upstream) in (("chat", "openai"), ("messages", "anthropic")):
            assert b"novel-value" in outbound.body
            assert not told
        assert before <= told
    assert not lost
    assert not refused


def test_what_says_nothing_is_not_named() -> None:
    """Empty and null fields, and what answers bring along when they come back as history."""
    said = {"role": "assistant", "content": "c", "annotations": [], "refusal": None, "audio": None}
    body = {"model": "m", "messages": [{"role": "user", "content": "x", "novel": None}, said]}
    inbound = chat.parse(json.dumps({**body, "extra": []}).encode(), {})
    assert translator_for("chat", "anthropic").request(inbound, "real").dropped == ()


def test_the_list_of_what_was_dropped_is_bounded() -> None:
    """It becomes a header and a part of the record, and callers name their fields as they like."""
    novel = {f"{number}" * 40: 1 for number in range(1000, 1100)}
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}], **novel}
    inbound = chat.parse(json.dumps(body).encode(), {})
    dropped = translator_for("chat", "anthropic").request(inbound, "real").dropped
    assert len(dropped) == 51
    assert dropped[-1] == "and 50 more"
    assert max(map(len, dropped)) <= 103


@pytest.mark.parametrize("depth", [10, 100, 200, 300, 330, 1000])
def test_content_within_content_is_refused_at_some_depth(depth: int) -> None:
    """However deep, the answer is a request or a refusal, never a crash."""
    block: dict[str, Any] = {"type": "text", "text": "core"}
    text = json.dumps(block)
    for _ in range(depth):
        text = f'{{"type":"document","source":{{"type":"content","content":[{text}]}}}}'
    body = f'{{"max_tokens":1,"messages":[{{"role":"user","content":[{text}]}}]}}'
    try:
        outbound = translator_for("messages", "openai").request(
            messages.parse(body.encode(), {}), "real"
        )
    except (Inexpressible, BadRequest):
        assert depth > 10
    else:
        assert b"core" in outbound.body
