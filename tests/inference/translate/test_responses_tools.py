"""Tools of the Responses API that chat completions have not: custom ones, namespaces, hosted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.endpoints.registry import translator_for
from inference.translate.base import Inexpressible
from inference.translate.responses.function_names import (
    MOST_CHARACTERS,
    CallersTool,
    FunctionNames,
    names_in,
)
from inference.translate.responses.input_tokens import estimate
from inference.values.parsing import envelope
from tests.inference.translate.support import call, dropped, js, responses_ask
from tests.inference.translate.test_responses_request import PAIR, TOOL, asked, said

FIND = {"type": "function", "name": "find", "parameters": {"type": "object"}}
SPACE = {"type": "namespace", "name": "mcp__docs", "description": "D", "tools": [FIND]}
CUSTOM = {
    "type": "custom",
    "name": "apply_patch",
    "description": "Edits",
    "format": {"type": "grammar", "syntax": "lark", "definition": "start: /.+/s"},
}


def names(body: Any) -> list[str]:
    return [tool["function"]["name"] for tool in body.get("tools", ())]


class TestCustom:
    def test_it_becomes_a_function_of_one_text(self) -> None:
        [tool] = asked(tools=[CUSTOM])["tools"]
        function = tool["function"]
        assert function["name"] == "apply_patch"
        assert function["description"].startswith("Edits\n\n")
        assert "lark grammar:\nstart: /.+/s" in function["description"]
        assert list(function["parameters"]["properties"]) == ["input"]
        assert function["parameters"]["required"] == ["input"]

    def test_without_description_and_format(self) -> None:
        [tool] = asked(tools=[{"type": "custom", "name": "exec"}])["tools"]
        assert tool["function"]["description"]
        assert dropped(PAIR, responses_ask(tools=[CUSTOM])) == ()

    def test_its_calls_in_history(self) -> None:
        items = [
            {"type": "custom_tool_call", "call_id": "c1", "name": "exec", "input": 'say "x"'},
            {"type": "custom_tool_call_output", "call_id": "c1", "output": "done"},
        ]
        assert said(*items) == [
            {
                "role": "assistant",
                "tool_calls": [call("exec", '{"input":"say \\"x\\""}', "c1")],
                "content": None,
            },
            {"role": "tool", "tool_call_id": "c1", "content": "done"},
        ]
        turn = asked("anthropic", input=items)["messages"][0]
        assert turn["content"][0]["input"] == {"input": 'say "x"'}

    def test_it_can_be_chosen(self) -> None:
        body = asked(tools=[CUSTOM], tool_choice={"type": "custom", "name": "apply_patch"})
        assert body["tool_choice"] == {"type": "function", "function": {"name": "apply_patch"}}
        allowed = {"type": "allowed_tools", "mode": "auto"}
        body = asked(
            tools=[CUSTOM, TOOL],
            tool_choice={**allowed, "tools": [{"type": "custom", "name": "apply_patch"}]},
        )
        assert names(body) == ["apply_patch"]


class TestNamespaces:
    def test_functions_are_offered_flat(self) -> None:
        nested = {"type": "custom", "name": "run"}
        space = {**SPACE, "tools": [FIND, nested, {"type": "web_search"}]}
        body = asked(tools=[TOOL, space])
        assert names(body) == ["f", "mcp__docs__find", "mcp__docs__run"]
        assert dropped(PAIR, responses_ask(tools=[space])) == ("tools.web_search",)

    def test_calls_in_history_meet_the_same_name(self) -> None:
        made = {"type": "function_call", "call_id": "c1", "name": "find", "arguments": "{}"}
        items = [{**made, "namespace": "mcp__docs"}]
        for tools in ([SPACE], []):
            [message] = asked(input=items, tools=tools)["messages"]
            assert message["tool_calls"] == [call("mcp__docs__find", "{}", "c1")]

    def test_one_can_be_chosen(self) -> None:
        choice = {"type": "function", "name": "find", "namespace": "mcp__docs"}
        chosen = asked(tools=[SPACE], tool_choice=choice)["tool_choice"]
        assert chosen["function"]["name"] == "mcp__docs__find"

    def test_no_two_share_a_name(self) -> None:
        plain = {**FIND, "name": "mcp__docs__find"}
        found = names(asked(tools=[SPACE, plain]))
        assert len(set(found)) == 2
        assert "mcp__docs__find" in found

    @given(st.lists(st.builds(CallersTool, st.text(max_size=70), st.text(max_size=70))))
    def test_every_name_is_legal_and_leads_back(self, tools: list[CallersTool]) -> None:
        both = FunctionNames(tools)
        for tool in tools:
            name = both.function(tool)
            assert len(name) <= MOST_CHARACTERS
            assert name.replace("_", "").replace("-", "").isalnum() or not name.strip("_-")
            assert name.isascii()
            assert both.callers(name) == tool
            assert FunctionNames(tools).function(tool) == name

    @pytest.mark.parametrize("name", ["f", "a.b", "mcp__docs__" + "find_" * 14])
    def test_plain_functions_lead_back_from_the_request_alone(self, name: str) -> None:
        """Also where there is neither a namespace nor a custom tool among them."""
        asked_for = responses_ask(tools=[{**FIND, "name": name}])
        [function] = names(asked(tools=[{**FIND, "name": name}]))
        assert names_in(asked_for.fields).callers(function) == CallersTool(name)

    def test_a_name_nobody_offered_stays(self) -> None:
        assert FunctionNames().callers("x") == CallersTool("x")


class TestToolsInTheInput:
    @pytest.mark.parametrize("upstream", ["openai", "anthropic"])
    def test_they_join_the_requests_own(self, upstream: str) -> None:
        items = [
            {"role": "user", "content": "q"},
            {"type": "additional_tools", "role": "developer", "tools": [FIND, CUSTOM]},
        ]
        body = asked(upstream, input=items, tools=[TOOL])
        assert len(body["messages"]) == 1
        assert len(body["tools"]) == 3

    def test_the_answers_writer_finds_them_too(self) -> None:
        items = [{"type": "additional_tools", "tools": [SPACE]}]
        found = names_in(envelope(js({"input": items})))
        assert found.callers("mcp__docs__find") == CallersTool("find", "mcp__docs")
        assert names_in(envelope(js({"input": "additional_tools"}))).callers("x") == ("x", None, 0)


class TestHosted:
    @pytest.mark.parametrize("upstream", ["openai", "anthropic"])
    @pytest.mark.parametrize("kind", ["web_search", "local_shell", "image_generation", "mcp"])
    def test_they_are_left_out_and_named(self, kind: str, upstream: str) -> None:
        tools = [TOOL, {"type": kind}]
        body = asked(upstream, tools=tools, tool_choice="auto")
        assert len(body["tools"]) == 1
        pair = ("responses", upstream)
        assert f"tools.{kind}" in dropped(pair, responses_ask(tools=tools))

    @pytest.mark.parametrize("choice", ["auto", "none", None])
    def test_alone_they_leave_a_plain_request(self, choice: str | None) -> None:
        fields = {} if choice is None else {"tool_choice": choice}
        body = asked(tools=[{"type": "web_search"}], parallel_tool_calls=True, **fields)
        assert not {"tools", "tool_choice", "parallel_tool_calls"} & set(body)

    @pytest.mark.parametrize(
        "choice",
        [
            "required",
            {"type": "web_search"},
            {
                "type": "allowed_tools",
                "mode": "required",
                "tools": [{"type": "web_search"}],
            },
        ],
    )
    def test_demanded_they_are_refused(self, choice: Any) -> None:
        fields = {"tools": [{"type": "web_search"}], "tool_choice": choice}
        translator = translator_for(*PAIR)
        with pytest.raises(Inexpressible) as caught:
            translator.request(responses_ask(**fields), "m")
        assert caught.value.field == "tool_choice"


class TestInputTokens:
    def test_text_tools_and_items_count(self) -> None:
        short = estimate(responses_ask(input="Hello"))
        assert 1 <= short < estimate(responses_ask(input="Hello " * 50))
        assert short < estimate(responses_ask(input="Hello", tools=[TOOL], instructions="Be kind."))

    def test_data_counts_for_what_it_shows(self) -> None:
        url = "data:image/png;base64," + "A" * 1_000_000
        image = {"type": "input_image", "image_url": url}
        assert estimate(responses_ask(input=[{"role": "user", "content": [image]}])) < 2000
        sealed = {"type": "reasoning", "encrypted_content": "A" * 10_000}
        assert estimate(responses_ask(input=[sealed])) < 10
