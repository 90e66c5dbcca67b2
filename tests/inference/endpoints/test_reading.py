"""What every request type has in common: broken bodies, wrong types and routing hints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest

from inference.endpoints import chat, completions, embeddings, messages, responses
from inference.values.parsed_request import BadRequest, ParsedRequest

Read = Callable[[bytes, Mapping[bytes, bytes]], ParsedRequest]
TURN = {"role": "user", "content": "Hello"}
VALID: dict[str, tuple[Read, dict[str, Any]]] = {
    "chat": (chat.parse, {"messages": [TURN]}),
    "messages": (messages.parse, {"messages": [TURN], "max_tokens": 9}),
    "count": (messages.parse_count, {"messages": [TURN]}),
    "responses": (responses.parse, {"input": "Hello"}),
    "completions": (completions.parse, {"prompt": "Hello"}),
    "embeddings": (embeddings.parse, {"input": "Hello"}),
}
EVERY = pytest.mark.parametrize("kind", VALID)


def read(kind: str, headers: Mapping[bytes, bytes] | None = None, **fields: Any) -> ParsedRequest:
    reader, valid = VALID[kind]
    return reader(msgspec.json.encode({**valid, **fields}), headers or {})


def refused(kind: str, body: bytes) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        VALID[kind][0](body, {})
    return caught.value


@EVERY
def test_the_least_request_is_read(kind: str) -> None:
    inbound = read(kind)
    assert inbound.routing_request.request_type == ("messages" if kind == "count" else kind)
    assert inbound.routing_request.required_capabilities == {"text"}
    assert inbound.routing_request.profile_hint is None
    assert not inbound.routing_request.stream
    assert inbound.routing_request.features.last_user_text == "Hello"
    assert inbound.routing_request.features.last_user_characters == 5
    assert inbound.routing_request.features.prompt_tokens == 2
    assert inbound.routing_request.features.messages == 1


@EVERY
@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"{} {}", "not valid JSON: trailing characters"),
        (b"[]", "object"),
        (b'"text"', "object"),
        (b"null", "object"),
        (b'{"model": "\xff"}', "UTF-8"),
        (b"[" * 100_000, ""),
    ],
)
def test_a_broken_body_is_refused(kind: str, body: bytes, word: str) -> None:
    error = refused(kind, body)
    assert error.status == 400
    assert word in error.message


@EVERY
def test_every_required_field_is_named_when_missing(kind: str) -> None:
    for name in VALID[kind][1]:
        rest = {k: v for k, v in VALID[kind][1].items() if k != name}
        error = refused(kind, msgspec.json.encode(rest))
        assert error.field == name
        assert error.message == f"`{name}` is required."


@pytest.mark.parametrize(
    ("kind", "fields", "path"),
    [
        ("chat", {"messages": []}, "messages"),
        ("chat", {"messages": [TURN, {"role": "user", "content": 3}]}, "messages[1].content"),
        ("chat", {"messages": [TURN], "stream": "yes"}, "stream"),
        ("messages", {"messages": [], "max_tokens": 9}, "messages"),
        ("messages", {"messages": [TURN], "max_tokens": "9"}, "max_tokens"),
        ("messages", {"messages": [TURN], "max_tokens": -1}, "max_tokens"),
        ("messages", {"messages": [{"role": "user"}], "max_tokens": 9}, "messages[0].content"),
        ("messages", {"messages": [{**TURN, "role": "bot"}], "max_tokens": 9}, "messages[0].role"),
        ("messages", {"messages": [TURN], "max_tokens": 9, "system": 1}, "system"),
        ("messages", {"messages": [TURN], "max_tokens": 9, "thinking": "on"}, "thinking"),
        ("messages", {"messages": [TURN], "max_tokens": 9, "tools": {}}, "tools"),
        ("messages", {"messages": [TURN], "max_tokens": 9, "temperature": "0"}, "temperature"),
        (
            "messages",
            {"messages": [{"role": "user", "content": [{"type": "text"}]}], "max_tokens": 9},
            "messages[0].content[0].text",
        ),
        (
            "messages",
            {
                "messages": [
                    {"role": "user", "content": [{"type": "tool_result", "content": [{}]}]}
                ],
                "max_tokens": 9,
            },
            "messages[0].content[0].content",
        ),
        ("responses", {"input": []}, "input"),
        ("responses", {"input": 3}, "input"),
        ("responses", {"input": [{"content": "x"}]}, "input[0].role"),
        ("responses", {"input": [{"role": "user"}]}, "input[0].content"),
        ("responses", {"input": "x", "max_output_tokens": 0}, "max_output_tokens"),
        ("responses", {"input": "x", "text": {"format": {}}}, "text.format.type"),
        ("responses", {"input": [{"type": "x", "output": [3]}]}, "input[0].output"),
        ("completions", {"prompt": ""}, "prompt"),
        ("completions", {"prompt": []}, "prompt"),
        ("completions", {"prompt": ["a", ""]}, "prompt[1]"),
        ("completions", {"prompt": ["a", 1]}, "prompt"),
        ("completions", {"prompt": None}, "prompt"),
        ("embeddings", {"input": [[1], []]}, "input[1]"),
        ("embeddings", {"input": 5}, "input"),
        ("embeddings", {"input": "x", "encoding_format": 5}, "encoding_format"),
        ("embeddings", {"input": "x", "dimensions": 0}, "dimensions"),
    ],
)
def test_a_wrong_value_is_named(kind: str, fields: dict[str, Any], path: str) -> None:
    error = refused(kind, msgspec.json.encode(fields))
    assert error.field == path
    assert f"`{path}" in error.message


@EVERY
class TestHint:
    def test_it_is_taken_from_the_body_first(self, kind: str) -> None:
        headers = {b"x-routing-profile": b"third"}
        second = {"routing_profile": "second", "user_id": "u"}
        inbound = read(kind, headers, routing_profile="first", metadata=second)
        assert inbound.routing_request.profile_hint == "first"
        assert read(kind, headers, metadata=second).routing_request.profile_hint == "second"
        assert read(kind, headers).routing_request.profile_hint == "third"

    def test_it_never_reaches_an_upstream(self, kind: str) -> None:
        inbound = read(kind, routing_profile="p", metadata={"routing_profile": "q", "user_id": "u"})
        assert "routing_profile" not in inbound.fields
        assert msgspec.json.decode(inbound.fields["metadata"]) == {"user_id": "u"}
        assert "metadata" not in read(kind, metadata={"routing_profile": "q"}).fields

    def test_a_hint_of_another_type_is_refused(self, kind: str) -> None:
        for fields, path in (
            ({"routing_profile": 3}, "routing_profile"),
            ({"metadata": {"routing_profile": 3}}, "metadata.routing_profile"),
        ):
            error = refused(kind, msgspec.json.encode({**VALID[kind][1], **fields}))
            assert error.field == path


@EVERY
def test_the_body_stays_whole(kind: str) -> None:
    """Fields the gateway does not know stay as the caller wrote them."""
    reader, valid = VALID[kind]
    body = msgspec.json.encode(valid)[:-1] + b', "x_new": {"a" : 1.0}}'
    inbound = reader(body, {})
    assert inbound.body == body
    assert bytes(inbound.fields["x_new"]) == b'{"a" : 1.0}'


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_hint_in_the_header_may_hold_any_letter(encoding: str) -> None:
    header = {b"x-routing-profile": "Straße".encode(encoding)}
    assert read("chat", header).routing_request.profile_hint == "Straße"
