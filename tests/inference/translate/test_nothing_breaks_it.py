"""Whatever is sent, from either side: a verdict, never an exception."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from governance.prices import Rate, Rates, cost
from inference.endpoints import chat, messages, responses
from inference.endpoints.registry import translator_for
from inference.translate.base import Inexpressible
from inference.translate.messages.count_tokens import estimate
from inference.values.parsed_request import BadRequest, ParsedRequest
from inference.values.usage import MOST, of_openai
from tests.inference.translate.support import (
    blocks,
    call,
    chat_ask,
    data_of,
    delta,
    js,
    message,
    messages_ask,
    named,
    play,
    responses_ask,
    sse,
    text_block,
    tool_block,
)

CACHE = {"type": "ephemeral"}
THINKING = (
    {"type": "thinking", "thinking": "", "signature": ""},
    [
        {"type": "thinking_delta", "thinking": "Hm"},
        {"type": "signature_delta", "signature": "SIG"},
    ],
)
STREAMS = {
    "openai": data_of(
        sse(
            delta("", role="assistant"),
            delta(reasoning_content="Hm"),
            delta(thinking_blocks=[{"index": 0, "type": "thinking", "signature": "SIG"}]),
            delta("Hi"),
            delta(tool_calls=[{"index": 0, **call("f", '{"a"')}]),
            delta(tool_calls=[{"index": 0, "function": {"arguments": ":1}"}}]),
            delta(finish="tool_calls"),
            {**delta(), "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
            done=False,
        )
    ),
    "anthropic": data_of(blocks(THINKING, text_block("Hi"), tool_block("f", '{"a":', "1}"))),
}
SAID = {"role": "assistant", "content": "Hi", "tool_calls": [call("f", "{}")], "reasoning": "Hm"}
WHOLES: dict[str, Any] = {
    "openai": {
        **delta(),
        "choices": [{"index": 0, "message": SAID, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 1}},
    },
    "anthropic": message(
        {"type": "thinking", "thinking": "Hm", "signature": "SIG"},
        {"type": "text", "text": "Hi"},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": 1}},
    ),
}
ASKS: dict[str, Callable[..., ParsedRequest]] = {
    "chat": chat_ask,
    "messages": messages_ask,
    "responses": responses_ask,
}
PAIRS = [(kind, upstream) for kind in ASKS for upstream in STREAMS]

junk = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["", "x", "text", "tool_use", "error", "message_stop", "function"]),
    st.just([]),
    st.just({}),
    st.just([{}]),
    st.just([1]),
    st.just({"type": "text"}),
).map(copy.deepcopy)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of everything inside a JSON value."""
    found = [path] if path else []
    if isinstance(value, dict):
        for name, inner in value.items():
            found += places(inner, (*path, name))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            found += places(inner, (*path, number))
    return found


@st.composite
def spoiled(draw: st.DrawFn, value: Any) -> Any:
    """The value with something inside it replaced or taken away, once or twice."""
    value = copy.deepcopy(value)
    for _ in range(draw(st.integers(1, 2))):
        path = draw(st.sampled_from(places(value) or [()]))
        if not path:
            return draw(junk)
        inside = value
        for step in path[:-1]:
            inside = inside[step]
        if draw(st.booleans()):
            inside[path[-1]] = draw(junk)
        else:
            del inside[path[-1]]
    return value


def framed(upstream: str, events: Any) -> bytes:
    if upstream == "openai":
        return sse(*events)
    return b"".join(
        named(event) if isinstance(event, dict) and isinstance(event.get("type"), str) else b"x"
        for event in events
    )


@pytest.mark.parametrize(("kind", "upstream"), PAIRS)
def test_streams(kind: str, upstream: str) -> None:
    """Every spoiled stream ends in its own end or in a failure, and repeats itself."""

    @settings(max_examples=60)
    @given(spoiled(STREAMS[upstream]))
    def check(events: Any) -> None:
        relay = translator_for(kind, upstream).stream(ASKS[kind](stream=True))
        play(relay, framed(upstream, events if isinstance(events, list) else [events]))
        assert relay.finished is (relay.failure is None)

    check()


@pytest.mark.parametrize(("kind", "upstream"), PAIRS)
def test_bytes(kind: str, upstream: str) -> None:
    """A stream with bytes lost or added somewhere."""
    stream = framed(upstream, STREAMS[upstream])

    @settings(max_examples=40)
    @given(st.integers(0, len(stream)), st.integers(0, 9), st.binary(max_size=4))
    def check(at: int, lost: int, added: bytes) -> None:
        relay = translator_for(kind, upstream).stream(ASKS[kind](stream=True))
        play(relay, stream[:at] + added + stream[at + lost :])
        assert relay.finished is (relay.failure is None)

    check()


@pytest.mark.parametrize(("kind", "upstream"), PAIRS)
def test_what_is_not_utf8_is_not_handed_on(kind: str, upstream: str) -> None:
    """Half a character anywhere in an answer, whole or as a stream, also where nothing reads it."""
    whole = js(WHOLES[upstream])
    pair = translator_for(kind, upstream)
    for at in range(len(whole) + 1):
        broken = whole[:at] + b"\xc2" + whole[at:]
        answer = pair.answer(ASKS[kind](), broken)
        assert bool(answer.body) is (answer.failure is None), at
        answer.body.decode()
        relay = pair.stream(ASKS[kind](stream=True))
        play(relay, broken)
        assert relay.finished is (relay.failure is None), at


@pytest.mark.parametrize(("kind", "upstream"), PAIRS)
def test_whole_answers(kind: str, upstream: str) -> None:
    """Where a whole answer was asked for, and where a stream was."""

    @settings(max_examples=60)
    @given(spoiled(WHOLES[upstream]))
    def check(whole: Any) -> None:
        pair = translator_for(kind, upstream)
        answer = pair.answer(ASKS[kind](), js(whole))
        assert bool(answer.body) is (answer.failure is None)
        relay = pair.stream(ASKS[kind](stream=True))
        play(relay, js(whole))
        assert relay.finished is (relay.failure is None)

    check()


PNG = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AA"}}
PDF = {"type": "base64", "media_type": "application/pdf", "data": "AA"}
REQUESTS: dict[str, tuple[Callable[[bytes, Mapping[bytes, bytes]], ParsedRequest], Any]] = {
    "chat": (
        chat.parse,
        {
            "messages": [
                {"role": "system", "content": "S"},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "x", "cache_control": CACHE},
                        {"type": "image_url", "image_url": {"url": "https://x/y"}},
                        {"type": "file", "file": {"file_data": "data:text/plain;base64,AA=="}},
                    ],
                },
                {**SAID, "thinking_blocks": [{"type": "thinking", "signature": "SIG"}]},
                {"role": "tool", "tool_call_id": "call_1", "content": "x"},
            ],
            "tools": [{"type": "function", "function": {"name": "f", "parameters": {}}}],
            "tool_choice": {"type": "function", "function": {"name": "f"}},
            "response_format": {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}},
            "stop": ["x"],
            "reasoning_effort": "low",
        },
    ),
    "messages": (
        messages.parse,
        {
            "max_tokens": 9,
            "system": [{"type": "text", "text": "S", "cache_control": CACHE}],
            "messages": [
                {"role": "user", "content": [PNG, {"type": "document", "source": PDF}]},
                {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": "Hm", "signature": "pointsman-unsigned"},
                        {"type": "tool_use", "id": "t", "name": "f", "input": {}},
                    ],
                },
                {
                    "role": "user",
                    "content": [{"type": "tool_result", "tool_use_id": "t", "content": [PNG]}],
                },
            ],
            "tools": [{"name": "f", "input_schema": {}}],
            "tool_choice": {"type": "tool", "name": "f"},
            "thinking": {"type": "enabled", "budget_tokens": 1024},
            "output_config": {"effort": "low", "format": {"type": "json_schema", "schema": {}}},
            "metadata": {"user_id": "u"},
            "stop_sequences": ["x"],
        },
    ),
    "responses": (
        responses.parse,
        {
            "input": [
                {"role": "user", "content": [{"type": "input_text", "text": "x"}]},
                {"type": "reasoning", "summary": [], "encrypted_content": "pointsman:e30="},
                {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c", "output": "x"},
            ],
            "tools": [{"type": "function", "name": "f", "parameters": {}, "strict": True}],
            "tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": []},
            "text": {"format": {"type": "json_schema", "name": "n", "schema": {}}},
            "reasoning": {"effort": "low", "summary": "auto"},
        },
    ),
}


@pytest.mark.parametrize(("kind", "upstream"), PAIRS)
def test_requests(kind: str, upstream: str) -> None:
    """A spoiled request is translated or refused with the name of a field."""
    read, valid = REQUESTS[kind]
    translator_for(kind, upstream).request(read(js(valid), {}), "m")

    @settings(max_examples=120)
    @given(spoiled(valid))
    def check(body: Any) -> None:
        try:
            inbound = read(js(body), {})
            translator_for(kind, upstream).request(inbound, "m")
            translator_for(kind, upstream).stream(inbound)
            if kind == "messages":
                assert estimate(inbound) > 0
        except (BadRequest, Inexpressible):
            pass

    check()


anything = st.recursive(
    junk,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(["type", "properties", "items", "anyOf", "$ref", "enum", "x", ""]),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=8,
)
SCHEMAS: dict[str, list[tuple[Any, ...]]] = {
    "chat": [
        ("tools", 0, "function", "parameters"),
        ("response_format", "json_schema", "schema"),
    ],
    "messages": [("tools", 0, "input_schema"), ("output_config", "format", "schema")],
    "responses": [("tools", 0, "parameters"), ("text", "format", "schema")],
}


@pytest.mark.parametrize(("kind", "upstream"), PAIRS)
def test_schemas(kind: str, upstream: str) -> None:
    """A caller's schema is whatever the caller says it is, as deep as a body may be."""
    read, valid = REQUESTS[kind]

    @settings(max_examples=60)
    @given(st.sampled_from(SCHEMAS[kind]), anything)
    @example(SCHEMAS[kind][0], json.loads('{"items":' * 55 + "{}" + "}" * 55))
    @example(SCHEMAS[kind][1], {"$ref": "#", "properties": {"a": {"$ref": "#/properties/a"}}})
    def check(path: tuple[Any, ...], schema: Any) -> None:
        body = copy.deepcopy(valid)
        inside = body
        for step in path[:-1]:
            inside = inside[step]
        inside[path[-1]] = schema
        with contextlib.suppress(BadRequest, Inexpressible):
            translator_for(kind, upstream).request(read(js(body), {}), "m")

    check()


RATES = Rates(*[Rate(Decimal(1))] * 4)


@given(anything, anything)
def test_usage_of_any_shape_is_a_count(usage: Any, more: Any) -> None:
    """Negative, huge, missing, a text: nothing that a counter cannot take."""
    for said in (usage, {"prompt_tokens": usage, "completion_tokens_details": more}):
        found = of_openai(said)
        if found is not None:
            *counts, units = msgspec.structs.astuple(found)
            assert all(type(one) is int and 0 <= one <= MOST for one in counts)
            assert all(0 <= one <= MOST for one in (units or {}).values())
            assert cost(found, RATES) >= 0
