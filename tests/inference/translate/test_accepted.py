"""What is sent is what strict providers accept, whoever the caller is."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.endpoints.registry import translator_for
from inference.translate.accepted_chat import (
    accepted_effort,
    accepted_history,
    accepted_tools,
    system_first,
)
from inference.translate.base import Inexpressible
from inference.translate.call_order import in_order
from inference.translate.json_errors import Dropped
from inference.translate.messages.accepted import accepted_turns
from inference.translate.messages.upstream.answer_format import closed_schema
from inference.translate.tool_input import legal_id
from inference.translate.tool_names import legal_name
from inference.values.parsed_request import BadRequest, ParsedRequest
from tests.inference.translate.support import (
    call,
    chat_ask,
    chat_to_anthropic,
    delta,
    dropped,
    js,
    message,
    messages_ask,
    play,
    responses_ask,
    sse,
)

LONG = "mcp__plugin_context_service_context_service_context_service_get_library_docs"
PARAMETERS = {"type": "object", "properties": {"x": {"type": "integer"}}}
WORDS = [
    "type",
    "properties",
    "required",
    "items",
    "anyOf",
    "role",
    "content",
    "name",
    "tool_calls",
    "id",
    "function",
    "parameters",
    "tool_call_id",
    "arguments",
    "additionalProperties",
    "$defs",
    "description",
    "allowed_tools",
    "tools",
]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(WORDS),
            inner | st.sampled_from(["object", "system", "developer", "tool", "assistant"]),
            max_size=4,
        )
    ),
    max_leaves=12,
)


def sent(kind: str, upstream: str, request: ParsedRequest, model: str = "m") -> Any:
    return msgspec.json.decode(translator_for(kind, upstream).request(request, model).body)


def chat_tool(name: str, parameters: Any = PARAMETERS) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "parameters": parameters}}


def nested(depth: int) -> Any:
    schema: Any = {"type": "string"}
    for _ in range(depth):
        schema = {"type": "object", "properties": {"x": schema}, "additionalProperties": False}
    return schema


class TestOrder:
    def test_words_between_a_call_and_its_result(self) -> None:
        running = {"role": "assistant", "content": "running"}
        calling = {"role": "assistant", "content": None, "tool_calls": [call("f", "{}", "c1")]}
        hurry = {"role": "user", "content": "hurry"}
        result = {"role": "tool", "tool_call_id": "c1", "content": "ok"}
        assert in_order([calling, running, hurry, result]) == [
            {**calling, "content": "running"},
            result,
            hurry,
        ]

    def test_calls_of_one_turn_are_one_message(self) -> None:
        one, two = (
            {"role": "assistant", "content": c, "tool_calls": [call("f", "{}", c)]} for c in "ab"
        )
        results = [{"role": "tool", "tool_call_id": c, "content": "ok"} for c in "ba"]
        [first, *rest] = in_order([one, two, *results])
        assert [c["id"] for c in first["tool_calls"]] == ["a", "b"]
        assert first["content"] == "a\n\nb"
        assert rest == results

    def test_what_is_never_answered_stays(self) -> None:
        calling = {"role": "assistant", "content": None, "tool_calls": [call("f", "{}", "c1")]}
        messages = [calling, {"role": "user", "content": "x"}, calling]
        messages += [{"role": "tool", "tool_call_id": "c1", "content": "ok"}]
        assert in_order(messages) == messages


class TestSystem:
    @pytest.mark.parametrize("model", ["qwen3", "deepseek-chat", "gpt-oss-20b"])
    def test_one_and_first(self, model: str) -> None:
        items = [
            {"role": "developer", "content": [{"type": "input_text", "text": "D"}]},
            {"role": "user", "content": "u"},
            {"role": "developer", "content": "late"},
        ]
        request = responses_ask(input=items, instructions="I")
        assert sent("responses", "openai", request, model)["messages"] == [
            {"role": "system", "content": "I\n\nD"},
            {"role": "user", "content": "u"},
            {"role": "user", "content": "late"},
        ]
        assert dropped(("responses", "openai"), request, model) == ("messages.role",)

    @pytest.mark.parametrize("model", ["gpt-5", "o3", "openai/gpt-4.1", "ft:gpt-4o:x"])
    def test_openais_own_models_get_them_as_they_came(self, model: str) -> None:
        turns = [{"role": "user", "content": "u"}, {"role": "system", "content": "late"}]
        request = messages_ask(system="I", messages=turns)
        expected = [{"role": "system", "content": "I"}, *turns]
        assert sent("messages", "openai", request, model)["messages"] == expected

    def test_what_passes_through_stays_as_it_came(self) -> None:
        messages = [{"role": "system", "content": "I"}, {"role": "developer", "content": "D"}]
        assert sent("chat", "openai", chat_ask(messages=messages))["messages"] == messages


class TestTools:
    @pytest.mark.parametrize("upstream", ["openai", "anthropic"])
    @pytest.mark.parametrize("kind", ["chat", "messages", "responses"])
    def test_no_choice_without_tools(self, kind: str, upstream: str) -> None:
        asks = {
            "chat": chat_ask(tools=[], tool_choice="auto", parallel_tool_calls=True),
            "messages": messages_ask(tool_choice={"type": "auto"}),
            "responses": responses_ask(tools=[], tool_choice="auto", parallel_tool_calls=True),
        }
        if (kind, upstream) != ("messages", "anthropic"):
            body = sent(kind, upstream, asks[kind])
            assert not {"tools", "tool_choice", "parallel_tool_calls"} & set(body)

    @pytest.mark.parametrize("upstream", ["openai", "anthropic"])
    def test_a_forced_choice_is_named(self, upstream: str) -> None:
        assert dropped(("chat", upstream), chat_ask(tool_choice="required")) == ("tool_choice",)

    @pytest.mark.parametrize(
        "parameters", [{"type": "object"}, {}, {"properties": None}, {"$schema": "s"}]
    )
    def test_parameters_are_an_object_with_properties(self, parameters: Any) -> None:
        body = sent("chat", "openai", chat_ask(tools=[chat_tool("f", parameters)]))
        said = body["tools"][0]["function"]["parameters"]
        assert said == {**parameters, "type": "object", "properties": {}}

    @pytest.mark.parametrize("name", [LONG, "server.tool", "ä" * 70])
    @pytest.mark.parametrize("upstream", ["openai", "anthropic"])
    def test_names_are_legal_there_and_whole_here(self, name: str, upstream: str) -> None:
        short = legal_name(name)
        assert len(short) <= 64
        history = [
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": None, "tool_calls": [call(name, "{}")]},
            {"role": "tool", "tool_call_id": "call_1", "content": "r"},
        ]
        choice = {"type": "function", "function": {"name": name}}
        request = chat_ask(messages=history, tools=[chat_tool(name)], tool_choice=choice)
        body = translator_for("chat", upstream).request(request, "m").body
        assert body.count(short.encode()) == 3
        assert name.encode() not in body

    def test_names_come_back(self) -> None:
        short = legal_name(LONG)
        said = {"role": "assistant", "content": None, "tool_calls": [call(short, "{}")]}
        whole = {**delta(), "choices": [{"index": 0, "message": said, "finish_reason": "stop"}]}
        pieces = delta(tool_calls=[{"index": 0, **call(short, "{}")}])
        asks = {
            "chat": chat_ask(tools=[chat_tool(LONG)], stream=True),
            "messages": messages_ask(tools=[{"name": LONG, "input_schema": PARAMETERS}]),
            "responses": responses_ask(tools=[{"type": "function", "name": LONG}]),
        }
        for kind, request in asks.items():
            pair = translator_for(kind, "openai")
            stream = play(pair.stream(request), sse(pieces, delta(finish="tool_calls")))
            for answer in (pair.answer(request, js(whole)).body, stream):
                assert LONG.encode() in answer
                assert short.encode() not in answer
        used = {"type": "tool_use", "id": "t", "name": short, "input": {}}
        answer = translator_for("chat", "anthropic").answer(asks["chat"], js(message(used))).body
        assert LONG.encode() in answer


class TestCallIds:
    @pytest.mark.parametrize("kind", ["chat", "messages"])
    def test_long_ones_are_the_same_in_call_and_result(self, kind: str) -> None:
        long = "toolu_vrtx_" + "A" * 42
        use = {"type": "tool_use", "id": long, "name": "f", "input": {}}
        result = {"type": "tool_result", "tool_use_id": long, "content": "r"}
        asks = {
            "chat": chat_ask(
                messages=[
                    {"role": "assistant", "content": None, "tool_calls": [call("f", "{}", long)]},
                    {"role": "tool", "tool_call_id": long, "content": "r"},
                ]
            ),
            "messages": messages_ask(
                messages=[
                    {"role": "assistant", "content": [use]},
                    {"role": "user", "content": [result]},
                ]
            ),
        }
        calling, answer = sent(kind, "openai", asks[kind])["messages"]
        assert calling["tool_calls"][0]["id"] == answer["tool_call_id"]
        assert len(answer["tool_call_id"]) <= 40

    def test_illegal_ones_from_anthropics_caller(self) -> None:
        use = {"type": "tool_use", "id": "call_1|fc_2", "name": "f", "input": {}}
        result = {"type": "tool_result", "tool_use_id": "call_1|fc_2", "content": "r"}
        turns = [{"role": "assistant", "content": [use]}, {"role": "user", "content": [result]}]
        said = sent("messages", "anthropic", messages_ask(messages=turns))["messages"]
        assert said[0]["content"][0]["id"] == legal_id("call_1|fc_2")
        assert said[1]["content"][0]["tool_use_id"] == legal_id("call_1|fc_2")

    @pytest.mark.parametrize("upstream", ["openai", "anthropic"])
    def test_arguments_that_are_an_object(self, upstream: str) -> None:
        function = {"name": "f", "arguments": {"x": 1}}
        calling: dict[str, Any] = {"role": "assistant", "content": None}
        calling["tool_calls"] = [{"id": "c", "type": "function", "function": function}]
        result = {"role": "tool", "tool_call_id": "c", "content": "r"}
        said = sent("chat", upstream, chat_ask(messages=[calling, result]))["messages"][0]
        if upstream == "openai":
            assert said["tool_calls"][0]["function"]["arguments"] == '{"x":1}'
        else:
            assert said["content"][0]["input"] == {"x": 1}


class TestContent:
    def test_text_alone_is_one_string(self) -> None:
        texts = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
        request = messages_ask(messages=[{"role": "user", "content": texts}])
        assert sent("messages", "openai", request)["messages"][0]["content"] == "a\n\nb"

    def test_blank_texts_do_not_reach_anthropic(self) -> None:
        turns = [
            {"role": "system", "content": " "},
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "\n"},
            {"role": "user", "content": ""},
            {"role": "user", "content": [{"type": "text", "text": " "}]},
        ]
        body = chat_to_anthropic(messages=turns)
        assert body["messages"] == [{"role": "user", "content": "a"}]
        assert "system" not in body
        with pytest.raises(Inexpressible) as caught:
            chat_to_anthropic(messages=turns[2:])
        assert caught.value.field == "messages"

    @pytest.mark.parametrize("written", ["image/jpg", "IMAGE/JPEG;charset=utf-8", "image/pjpeg"])
    def test_types_of_images_are_the_registered_ones(self, written: str) -> None:
        part = {"type": "image_url", "image_url": {"url": f"data:{written};base64,QUJD"}}
        [turn] = chat_to_anthropic(messages=[{"role": "user", "content": [part]}])["messages"]
        assert turn["content"][0]["source"]["media_type"] == "image/jpeg"

    def test_types_that_anthropic_does_not_know(self) -> None:
        part = {"type": "image_url", "image_url": {"url": "data:image/bmp;base64,QUJD"}}
        with pytest.raises(Inexpressible):
            chat_to_anthropic(messages=[{"role": "user", "content": [part]}])

    def test_types_of_images_from_anthropics_caller(self) -> None:
        source = {"type": "base64", "media_type": "image/jpg", "data": "QUJD"}
        turn = {"role": "user", "content": [{"type": "image", "source": source}]}
        [said] = sent("messages", "anthropic", messages_ask(messages=[turn]))["messages"]
        assert said["content"][0]["source"]["media_type"] == "image/jpeg"

    def test_a_document_by_its_address(self) -> None:
        part = {"type": "input_file", "file_url": "https://x/a.pdf"}
        request = responses_ask(input=[{"role": "user", "content": [part]}])
        [turn] = sent("responses", "anthropic", request)["messages"]
        source = {"type": "url", "url": "https://x/a.pdf"}
        assert turn["content"] == [{"type": "document", "source": source}]


class TestAnswerSchema:
    def test_keywords_move_into_the_description(self) -> None:
        left = Dropped()
        schema = {"type": "integer", "minimum": 1, "description": "A count."}
        said = closed_schema(schema, "f", left)
        assert said == {"type": "integer", "description": "A count.\n\n{minimum: 1}"}
        assert left.names() == ("f.minimum",)

    def test_objects_are_closed_and_alternatives_renamed(self) -> None:
        schema = {
            "properties": {
                "v": {"oneOf": [{"type": "string", "format": "date"}, {"$ref": "#/definitions/d"}]}
            },
            "definitions": {"d": {"type": "object"}},
        }
        assert closed_schema(schema, "f", Dropped()) == {
            "properties": {
                "v": {"anyOf": [{"type": "string", "format": "date"}, {"$ref": "#/$defs/d"}]}
            },
            "$defs": {"d": {"type": "object", "additionalProperties": False}},
            "additionalProperties": False,
        }

    def test_a_closed_schema_stays_as_it_is(self) -> None:
        schema = {**PARAMETERS, "additionalProperties": False, "required": ["x"]}
        assert closed_schema(schema, "f", Dropped()) == schema


class TestAnyJson:
    """Whatever a caller writes: nothing but a request, or a refusal with a field's name."""

    @settings(max_examples=200)
    @given(json_values)
    def test_rules(self, value: Any) -> None:
        accepted_tools({"tools": value, "tool_choice": value}, Dropped())
        accepted_tools({"tools": [value, {"function": value}]}, Dropped())
        for messages in (value, [value], [{"role": "system", "content": value}, value]):
            accepted_history(messages)
            system_first(messages, Dropped())
            accepted_turns(msgspec.Raw(js(messages)))
        closed_schema(value, "f", Dropped())

    @pytest.mark.parametrize("upstream", ["openai", "anthropic"])
    def test_schemas(self, upstream: str) -> None:
        @settings(max_examples=100)
        @given(st.dictionaries(st.text(max_size=4), json_values, max_size=2) | json_values)
        def check(schema: Any) -> None:
            for kind, request in asked_with(schema):
                with contextlib.suppress(BadRequest, Inexpressible):
                    translator_for(kind, upstream).request(request(), "m")

        check()

    @pytest.mark.parametrize("upstream", ["openai", "anthropic"])
    @pytest.mark.parametrize(
        "schema",
        [
            {"type": "object", "additionalProperties": False, "required": [{}]},
            {"type": "object", "additionalProperties": False, "required": True},
            nested(300),
            nested(450),
        ],
    )
    def test_schemas_that_once_broke_it(self, upstream: str, schema: Any) -> None:
        for kind, request in asked_with(schema):
            with contextlib.suppress(BadRequest, Inexpressible):
                assert translator_for(kind, upstream).request(request(), "m").body


def asked_with(schema: Any) -> list[tuple[str, Any]]:
    """Requests of each caller with a schema of its own."""
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    text = {"format": {"type": "json_schema", "name": "n", "schema": schema}}
    output = {"format": {"type": "json_schema", "schema": schema}}
    return [
        ("chat", lambda: chat_ask(response_format=form, tools=[chat_tool("f", schema)])),
        ("messages", lambda: messages_ask(output_config=output)),
        ("messages", lambda: messages_ask(tools=[{"name": "f", "input_schema": schema}])),
        ("responses", lambda: responses_ask(text=text)),
        ("responses", lambda: responses_ask(tools=[{"type": "function", "name": "f"}])),
    ]


@pytest.mark.parametrize(
    ("model", "effort"),
    [
        ("gpt-5.4", "none"),
        ("gpt-5.6-mini", "none"),
        ("gpt-6", "none"),
        ("gpt-5.3-codex", "high"),
        ("gpt-5", "high"),
        ("openai/gpt-5.6", "high"),
        ("qwen3", "high"),
    ],
)
@pytest.mark.parametrize("whole", [False, True])
def test_models_that_call_tools_without_reasoning_alone(
    model: str, effort: str, whole: bool
) -> None:
    tools: Any = [{"type": "function", "function": {"name": "f"}}]
    fields: dict[str, Any] = {"tools": tools, "reasoning_effort": "high"}
    if whole:
        fields = {name: msgspec.Raw(msgspec.json.encode(fields[name])) for name in fields}
    dropped = Dropped()
    out = msgspec.json.decode(msgspec.json.encode(accepted_effort(fields, model, dropped)))
    assert out["reasoning_effort"] == effort
    assert dropped.names() == (("reasoning_effort",) if effort == "none" else ())
    assert accepted_effort({"reasoning_effort": "high"}, model, Dropped()) == {
        "reasoning_effort": "high"
    }
