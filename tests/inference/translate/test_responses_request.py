"""What upstreams are asked when a caller speaks OpenAI's Responses API."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from inference.endpoints.registry import translator_for
from inference.translate.base import Inexpressible
from inference.translate.responses.reasoning import Kept, opened, sealed
from tests.inference.translate.support import call, dropped, responses_ask

PAIR = ("responses", "openai")
PIXEL = {"type": "input_image", "image_url": "data:image/png;base64,AAAA", "detail": "auto"}
SHOWN = {
    "type": "image_url",
    "image_url": {"url": "data:image/png;base64,AAAA", "detail": "auto"},
}
TOOL = {"type": "function", "name": "f", "parameters": {"type": "object"}, "strict": False}
THOUGHT = {"type": "thinking", "thinking": "Hm", "signature": "SIG"}


def asked(upstream: str = "openai", model: str = "qwen3", **fields: Any) -> Any:
    """What an upstream is asked for a request of these fields."""
    outbound = translator_for("responses", upstream).request(responses_ask(**fields), model)
    return msgspec.json.decode(outbound.body)


def said(*items: Any, **fields: Any) -> Any:
    return asked(input=items, **fields)["messages"]


def refused(**fields: Any) -> str:
    """The field that a request of these fields is refused for."""
    with pytest.raises(Inexpressible) as caught:
        asked(**fields)
    assert caught.value.message
    return caught.value.field


def reasoning(kept: Kept) -> dict[str, Any]:
    return {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": sealed(kept)}


def function_call(name: str = "f", call_id: str = "call_1") -> dict[str, Any]:
    return {"type": "function_call", "call_id": call_id, "name": name, "arguments": "{}"}


def test_it_works() -> None:
    outbound = translator_for(*PAIR).request(responses_ask(stream=True), "qwen3")
    assert outbound.path == "/chat/completions"
    assert outbound.dropped == ()
    assert outbound.body == (
        b'{"model":"qwen3","messages":[{"role":"user","content":"Hello"}],"stream":true,'
        b'"stream_options":{"include_usage":true}}'
    )


def test_it_works_towards_anthropic() -> None:
    outbound = translator_for("responses", "anthropic").request(
        responses_ask(instructions="Be kind.", max_output_tokens=9, seed=1), "claude-x"
    )
    assert outbound.path == "/messages"
    assert outbound.dropped == ("seed",)
    assert msgspec.json.decode(outbound.body) == {
        "model": "claude-x",
        "messages": [{"role": "user", "content": "Hello"}],
        "max_tokens": 9,
        "system": "Be kind.",
    }


class TestItems:
    def test_instructions_and_roles(self) -> None:
        items = [
            {"role": "developer", "content": "D"},
            {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "U"}]},
            {"role": "assistant", "content": [{"type": "output_text", "text": "A"}]},
        ]
        assert said(*items, instructions="I") == [
            {"role": "system", "content": "I\n\nD"},
            {"role": "user", "content": "U"},
            {"role": "assistant", "content": "A"},
        ]

    def test_images_and_files(self) -> None:
        text = {"type": "input_text", "text": "Look"}
        file = {
            "type": "input_file",
            "file_data": "data:application/pdf;base64,AA",
            "filename": "a",
        }
        [message] = said({"role": "user", "content": [text, PIXEL, file]})
        assert message["content"] == [
            {"type": "text", "text": "Look"},
            SHOWN,
            {"type": "file", "file": {"file_data": file["file_data"], "filename": "a"}},
        ]

    def test_one_turn_of_the_model_is_one_message(self) -> None:
        items = [
            reasoning(Kept(reasoning="Hm")),
            {"role": "assistant", "content": "Let me look."},
            function_call(),
            function_call("g", "call_2"),
            {"type": "function_call_output", "call_id": "call_1", "output": "1"},
            {"type": "function_call_output", "call_id": "call_2", "output": "2"},
            function_call("h", "call_3"),
        ]
        assert said(*items) == [
            {
                "role": "assistant",
                "reasoning_content": "Hm",
                "content": "Let me look.",
                "tool_calls": [call("f", "{}"), call("g", "{}", "call_2")],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "1"},
            {"role": "tool", "tool_call_id": "call_2", "content": "2"},
            {"role": "assistant", "tool_calls": [call("h", "{}", "call_3")], "content": None},
        ]

    def test_two_messages_of_the_model_stay_two(self) -> None:
        items = [{"role": "assistant", "content": "a"}, {"role": "assistant", "content": "b"}]
        assert [m["content"] for m in said(*items)] == ["a", "b"]

    def test_an_output_with_an_image(self) -> None:
        """A tool's message holds text alone with OpenAI; Anthropic takes the image in place."""
        parts = [{"type": "input_text", "text": "See"}, PIXEL]
        items = [
            function_call(),
            {"type": "function_call_output", "call_id": "call_1", "output": parts},
            {"role": "user", "content": "And?"},
        ]
        assert said(*items)[1:] == [
            {"role": "tool", "tool_call_id": "call_1", "content": "See"},
            {
                "role": "user",
                "content": [{"type": "text", "text": "Returned by the tool call call_1:"}, SHOWN],
            },
            {"role": "user", "content": "And?"},
        ]
        turn = asked("anthropic", input=items)["messages"][1]
        assert [b["type"] for b in turn["content"][0]["content"]] == ["text", "image"]

    def test_thinking_goes_back_to_who_signed_it(self) -> None:
        items = [reasoning(Kept(blocks=[THOUGHT])), function_call()]
        turn = asked("anthropic", input=items)["messages"][0]
        assert turn["content"][0] == THOUGHT
        assert dropped(PAIR, responses_ask(input=items)) == ("input.reasoning",)

    def test_reasoning_sealed_elsewhere_is_dropped(self) -> None:
        foreign = {"type": "reasoning", "id": "rs", "summary": [], "encrypted_content": "gAAAA"}
        plain = {
            "type": "reasoning",
            "id": "rs",
            "summary": [{"type": "summary_text", "text": "x"}],
        }
        for item in (foreign, plain):
            items = [item, {"role": "assistant", "content": "Hi"}]
            assert dropped(PAIR, responses_ask(input=items)) == ("input.reasoning",)
            assert said(*items) == [{"role": "assistant", "content": "Hi"}]

    def test_reasoning_alone_is_no_message(self) -> None:
        """A turn that broke off while the model was thinking."""
        items = [reasoning(Kept(reasoning="Hm")), {"role": "user", "content": "Go on"}]
        assert said(*items) == [{"role": "user", "content": "Go on"}]

    def test_a_text_between_a_call_and_its_output_joins_the_call(self) -> None:
        items = [
            function_call(),
            {"role": "assistant", "content": "Running."},
            function_call("g", "call_2"),
            {"role": "user", "content": "Hurry"},
            {"type": "function_call_output", "call_id": "call_2", "output": "2"},
            {"type": "function_call_output", "call_id": "call_1", "output": "1"},
        ]
        assert said(*items) == [
            {
                "role": "assistant",
                "tool_calls": [call("f", "{}"), call("g", "{}", "call_2")],
                "content": "Running.",
            },
            {"role": "tool", "tool_call_id": "call_2", "content": "2"},
            {"role": "tool", "tool_call_id": "call_1", "content": "1"},
            {"role": "user", "content": "Hurry"},
        ]

    def test_the_same_call_id_in_two_turns(self) -> None:
        items = [
            function_call(),
            {"type": "function_call_output", "call_id": "call_1", "output": "1"},
            function_call(),
            {"type": "function_call_output", "call_id": "call_1", "output": "2"},
        ]
        assert [m["content"] for m in said(*items)] == [None, "1", None, "2"]

    def test_calls_and_outputs_inside_messages(self) -> None:
        text = {"type": "output_text", "text": "ok"}
        output = {"type": "function_call_output", "call_id": "call_1", "output": "1"}
        items = [
            {"role": "assistant", "content": [text, function_call()]},
            {"role": "user", "content": [{"type": "input_text", "text": "Go on"}, output]},
            {"role": "assistant", "content": [function_call("g", "call_2")]},
        ]
        assert said(*items) == [
            {"role": "assistant", "content": "ok", "tool_calls": [call("f", "{}")]},
            {"role": "tool", "tool_call_id": "call_1", "content": "1"},
            {"role": "user", "content": "Go on"},
            {"role": "assistant", "tool_calls": [call("g", "{}", "call_2")], "content": None},
        ]

    def test_calls_of_tools_that_only_openais_models_know(self) -> None:
        action = {"type": "exec", "command": ["ls"]}
        items = [
            {"type": "local_shell_call", "call_id": "c1", "action": action, "status": "completed"},
            {"type": "local_shell_call_output", "call_id": "c1", "output": "a b"},
            {"type": "tool_search_call", "call_id": "c2", "arguments": {"query": "q"}},
            {"type": "tool_search_output", "call_id": "c2", "tools": [TOOL]},
        ]
        shell, output, search, found = said(*items)
        arguments = '{"type":"exec","command":["ls"]}'
        assert shell["tool_calls"] == [call("local_shell", arguments, "c1")]
        assert output == {"role": "tool", "tool_call_id": "c1", "content": "a b"}
        assert search["tool_calls"] == [call("tool_search", '{"query":"q"}', "c2")]
        assert found == {"role": "tool", "tool_call_id": "c2", "content": '["f"]'}

    def test_calls_of_hosted_tools_are_left_out_and_named(self) -> None:
        items = [
            {"role": "user", "content": "q"},
            {"type": "web_search_call", "id": "ws_1", "status": "completed"},
            {"role": "assistant", "content": "It is so."},
        ]
        assert [m["content"] for m in said(*items)] == ["q", "It is so."]
        assert dropped(PAIR, responses_ask(input=items)) == ("input.web_search_call",)

    def test_arguments_as_an_object(self) -> None:
        [message] = said({**function_call(), "arguments": {"a": 1}})
        assert message["tool_calls"] == [call("f", '{"a":1}')]

    def test_an_item_reference_is_refused_with_the_remedy(self) -> None:
        with pytest.raises(Inexpressible, match="`store: false`"):
            asked(input=[{"type": "item_reference", "id": "msg_1"}])

    @pytest.mark.parametrize("seal", ["pointsman:", "pointsman:%", "pointsman:AAAA", "x", None])
    def test_a_broken_seal_opens_nothing(self, seal: str | None) -> None:
        assert opened(seal) is None

    @pytest.mark.parametrize(
        ("item", "field"),
        [
            ({"type": "item_reference", "id": "msg_1"}, ""),
            ({"type": "compaction", "id": "c_1", "encrypted_content": "x"}, ""),
            ({"type": "custom_tool_call", "call_id": "c", "name": "f"}, ".input"),
            ({"type": "function_call", "name": "f", "arguments": ""}, ".call_id"),
            ({"type": "function_call_output", "output": "x"}, ".call_id"),
            ({"type": "function_call_output", "call_id": "c", "output": {}}, ".output"),
            (
                {"role": "user", "content": [{"type": "input_image", "file_id": "f"}]},
                ".content[0].file_id",
            ),
            ({"role": "user", "content": [{"type": "input_text"}]}, ".content[0]"),
        ],
    )
    def test_what_has_no_counterpart_is_refused(self, item: Any, field: str) -> None:
        assert refused(input=[{"role": "user", "content": "x"}, item]) == f"input[1]{field}"

    def test_a_file_by_its_address_is_refused(self) -> None:
        """Anthropic takes it, so another target may be asked."""
        item = {"role": "user", "content": [{"type": "input_file", "file_url": "https://x"}]}
        assert refused(input=[item]) == "messages[0].content"


class TestFields:
    def test_tools(self) -> None:
        parameters = {"type": "object", "properties": {}}
        function = {"name": "f", "parameters": parameters, "strict": False}
        body = asked(tools=[TOOL], parallel_tool_calls=False)
        assert body["tools"] == [{"type": "function", "function": function}]
        assert body["parallel_tool_calls"] is False

    @pytest.mark.parametrize("choice", ["auto", "none", "required"])
    def test_choices_in_a_word(self, choice: str) -> None:
        assert asked(tools=[TOOL], tool_choice=choice)["tool_choice"] == choice

    def test_other_choices(self) -> None:
        body = asked(tools=[TOOL], tool_choice={"type": "function", "name": "f"})
        assert body["tool_choice"] == {"type": "function", "function": {"name": "f"}}
        tools = [TOOL, {**TOOL, "name": "g"}]
        allowed = {"type": "allowed_tools", "mode": "required"}
        named = [{"type": "function", "name": "g"}]
        body = asked(tools=tools, tool_choice={**allowed, "tools": named})
        assert [tool["function"]["name"] for tool in body["tools"]] == ["g"]
        assert body["tool_choice"] == "required"

    @pytest.mark.parametrize(
        ("model", "field"), [("gpt-5", "max_completion_tokens"), ("qwen3", "max_tokens")]
    )
    def test_the_limit(self, model: str, field: str) -> None:
        assert asked(model=model, max_output_tokens=9)[field] == 9

    def test_what_has_the_same_name(self) -> None:
        fields = {
            "temperature": 0,
            "top_p": 0,
            "user": "u",
            "service_tier": "auto",
            "prompt_cache_key": "k",
            "prompt_cache_retention": "24h",
        }
        body = asked(**fields)
        assert {name: body[name] for name in fields} == fields

    def test_verbosity(self) -> None:
        assert asked(text={"verbosity": "low"})["verbosity"] == "low"
        assert dropped(PAIR, responses_ask(text={"verbosity": "low"})) == ()

    def test_reasoning_and_structured_output(self) -> None:
        form = {"type": "json_schema", "name": "n", "schema": {}, "strict": True}
        body = asked(reasoning={"effort": "high"}, text={"format": form})
        assert body["reasoning_effort"] == "high"
        schema = {"name": "n", "schema": {}, "strict": True}
        assert body["response_format"] == {"type": "json_schema", "json_schema": schema}
        assert asked(text={"format": {"type": "json_object"}})["response_format"] == {
            "type": "json_object"
        }
        assert "response_format" not in asked(text={"format": {"type": "text"}})

    @pytest.mark.parametrize(
        ("field", "value", "name"),
        [
            ("store", True, "store"),
            ("truncation", "auto", "truncation"),
            ("max_tool_calls", 3, "max_tool_calls"),
            ("x_new", 1, "x_new"),
        ],
    )
    def test_hints_are_listed(self, field: str, value: Any, name: str) -> None:
        assert dropped(PAIR, responses_ask(**{field: value})) == (name,)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("store", False),
            ("metadata", {"a": "b"}),
            ("truncation", "disabled"),
            ("include", ["reasoning.encrypted_content"]),
            ("previous_response_id", None),
            ("stream_options", {"include_obfuscation": False}),
        ],
    )
    def test_what_is_served_or_says_nothing_is_no_loss(self, field: str, value: Any) -> None:
        assert dropped(PAIR, responses_ask(**{field: value})) == ()

    @pytest.mark.parametrize(
        ("fields", "name"),
        [
            ({"tools": [{"type": "web_search"}], "tool_choice": "required"}, "tool_choice"),
            ({"tools": [{"type": "custom"}]}, "tools[0].name"),
            ({"tools": [{"type": "function"}]}, "tools[0].name"),
            ({"tools": [TOOL], "tool_choice": {"type": "mcp"}}, "tool_choice"),
            ({"top_logprobs": 2}, "top_logprobs"),
            ({"include": ["message.output_text.logprobs"]}, "include"),
            ({"moderation": {"model": "m"}}, "moderation"),
        ],
    )
    def test_what_openais_servers_alone_do_is_refused(self, fields: Any, name: str) -> None:
        assert refused(**fields) == name
