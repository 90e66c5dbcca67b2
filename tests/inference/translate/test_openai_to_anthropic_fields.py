"""The fields of a request that Anthropic gets when a caller speaks OpenAI's protocol."""

from __future__ import annotations

from typing import Any

import pytest

from inference.endpoints.registry import translator_for
from inference.translate.base import Inexpressible
from tests.inference.translate.support import TURN, call, chat_ask, chat_to_anthropic, dropped

PAIR = ("chat", "anthropic")
TOOL = {
    "type": "function",
    "function": {
        "name": "weather",
        "description": "Tells the weather.",
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    },
}


def refused(**fields: Any) -> str:
    """The field that a request of these fields is refused for."""
    with pytest.raises(Inexpressible) as caught:
        chat_to_anthropic(**fields)
    assert caught.value.message
    return caught.value.field


def test_it_works() -> None:
    outbound = translator_for(*PAIR).request(chat_ask(stream=True), "claude-x")
    assert outbound.path == "/messages"
    assert outbound.dropped == ()
    assert outbound.body == (
        b'{"model":"claude-x","messages":[{"role":"user","content":"Hello"}],'
        b'"max_tokens":4096,"stream":true}'
    )


class TestTools:
    def test_a_function(self) -> None:
        strict = {**TOOL, "function": {**TOOL["function"], "strict": True}}  # type: ignore[dict-item]
        assert chat_to_anthropic(tools=[strict])["tools"] == [
            {
                "name": "weather",
                "description": "Tells the weather.",
                "input_schema": {
                    "type": "object",
                    "properties": {"city": {"type": "string"}},
                    "additionalProperties": False,
                },
                "strict": True,
            }
        ]

    @pytest.mark.parametrize("strict", [False, None])
    def test_a_function_that_is_not_strict(self, strict: bool | None) -> None:
        """Nothing is said of it: it is the default, and some servers do not know the word."""
        tool = {"type": "function", "function": {"name": "f", "strict": strict}}
        [said] = chat_to_anthropic(tools=[tool])["tools"]
        assert "strict" not in said

    @pytest.mark.parametrize("parameters", [None, {}])
    def test_a_function_without_parameters(self, parameters: Any) -> None:
        tool = {"type": "function", "function": {"name": "f", "parameters": parameters}}
        [said] = chat_to_anthropic(tools=[tool])["tools"]
        assert said["input_schema"] == {"type": "object", "properties": {}}

    @pytest.mark.parametrize(
        ("choice", "expected"),
        [
            ("auto", {"type": "auto"}),
            ("none", {"type": "none"}),
            ("required", {"type": "any"}),
            (
                {"type": "function", "function": {"name": "weather"}},
                {"type": "tool", "name": "weather"},
            ),
        ],
    )
    def test_the_four_forms_of_a_choice(self, choice: Any, expected: Any) -> None:
        assert chat_to_anthropic(tools=[TOOL], tool_choice=choice)["tool_choice"] == expected

    def test_a_choice_among_some(self) -> None:
        other = {"type": "function", "function": {"name": "other"}}
        allowed = {
            "mode": "required",
            "tools": [{"type": "function", "function": {"name": "other"}}],
        }
        choice = {"type": "allowed_tools", "allowed_tools": allowed}
        body = chat_to_anthropic(tools=[TOOL, other], tool_choice=choice)
        assert [tool["name"] for tool in body["tools"]] == ["other"]
        assert body["tool_choice"] == {"type": "any"}

    @pytest.mark.parametrize("parallel", [True, False])
    def test_parallel_calls(self, parallel: bool) -> None:
        body = chat_to_anthropic(tools=[TOOL], parallel_tool_calls=parallel)
        assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": not parallel}
        body = chat_to_anthropic(tools=[TOOL], parallel_tool_calls=parallel, tool_choice="none")
        assert body["tool_choice"] == {"type": "none"}

    def test_a_custom_tool_is_refused(self) -> None:
        assert refused(tools=[TOOL, {"type": "custom", "custom": {"name": "x"}}]) == "tools[1]"
        custom = {"type": "custom", "custom": {"name": "x"}}
        assert refused(tools=[TOOL], tool_choice=custom) == "tool_choice"


class TestSampling:
    def test_zero_is_not_absent(self) -> None:
        body = chat_to_anthropic(temperature=0, top_p=0, top_k=0)
        assert (body["temperature"], body["top_p"], body["top_k"]) == (0, 0, 0)
        assert "temperature" not in chat_to_anthropic()

    @pytest.mark.parametrize(
        ("fields", "limit"),
        [
            ({}, 64_000),
            ({"max_tokens": 7}, 7),
            ({"max_completion_tokens": 8}, 8),
            ({"max_tokens": 7, "max_completion_tokens": 8}, 8),
            ({"max_tokens": 7, "max_completion_tokens": None}, 7),
        ],
    )
    def test_the_limit(self, fields: dict[str, Any], limit: int) -> None:
        assert chat_to_anthropic(**fields)["max_tokens"] == limit

    @pytest.mark.parametrize(
        ("model", "limit"),
        [
            ("kimi-k3", 4096),
            ("claude-3-haiku-20240307", 4096),
            ("claude-3-5-sonnet-latest", 8192),
            ("claude-opus-4-20250514", 32_000),
            ("anthropic/claude-sonnet-4.5", 64_000),
            ("claude-opus-4-6", 128_000),
        ],
    )
    def test_without_a_limit_it_is_the_models(self, model: str, limit: int) -> None:
        assert chat_to_anthropic(model)["max_tokens"] == limit

    def test_a_long_prompt_leaves_less_room(self) -> None:
        message = {"role": "user", "content": "word " * 96_000}
        body = chat_to_anthropic("claude-sonnet-4-5", messages=[message])
        assert body["max_tokens"] == 20_000

    def test_a_temperature_above_one(self) -> None:
        assert chat_to_anthropic(temperature=1.5)["temperature"] == 1
        assert dropped(PAIR, chat_ask(temperature=1.5)) == ("temperature",)
        assert dropped(PAIR, chat_ask(temperature=1)) == ()

    @pytest.mark.parametrize("stop", ["END", ["END"], ["a", "b"]])
    def test_stop_as_a_string_or_a_list(self, stop: Any) -> None:
        stops = [stop] if isinstance(stop, str) else stop
        assert chat_to_anthropic(stop=stop)["stop_sequences"] == stops

    @pytest.mark.parametrize("stop", [None, []])
    def test_no_stop(self, stop: Any) -> None:
        assert "stop_sequences" not in chat_to_anthropic(stop=stop)

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("n", 2),
            ("logprobs", True),
            ("top_logprobs", 3),
            ("logit_bias", {"50256": -100}),
            ("modalities", ["text", "audio"]),
            ("functions", [{"name": "f"}]),
            ("web_search_options", {}),
            ("moderation", {"model": "m"}),
            ("stop", ["\n"]),
        ],
    )
    def test_what_would_change_the_answer_is_refused(self, field: str, value: Any) -> None:
        assert refused(**{field: value}) == field

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("n", 1),
            ("logprobs", False),
            ("logit_bias", {}),
            ("modalities", ["text"]),
            ("frequency_penalty", 0),
            ("store", False),
            ("seed", None),
            ("response_format", {"type": "text"}),
        ],
    )
    def test_what_says_nothing_is_no_loss(self, field: str, value: Any) -> None:
        assert dropped(PAIR, chat_ask(**{field: value})) == ()

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("seed", 7),
            ("frequency_penalty", 0.5),
            ("presence_penalty", -0.5),
            ("store", True),
            ("metadata", {"a": "b"}),
            ("verbosity", "low"),
            ("prediction", {"type": "content", "content": "x"}),
            ("prompt_cache_key", "k"),
            ("service_tier", "flex"),
            ("x_unknown", 1),
        ],
    )
    def test_hints_are_listed(self, field: str, value: Any) -> None:
        inbound = chat_ask(**{field: value})
        assert dropped(PAIR, inbound) == (field,)
        assert field not in chat_to_anthropic(**{field: value})

    def test_who_asks(self) -> None:
        assert chat_to_anthropic(user="u")["metadata"] == {"user_id": "u"}
        body = chat_to_anthropic(user="u", safety_identifier="s")
        assert body["metadata"] == {"user_id": "s"}

    @pytest.mark.parametrize(("tier", "said"), [("auto", "auto"), ("default", "standard_only")])
    def test_service_tiers(self, tier: str, said: str) -> None:
        assert chat_to_anthropic(service_tier=tier)["service_tier"] == said


class TestReasoning:
    @pytest.mark.parametrize(
        ("effort", "budget"), [("low", 2048), ("medium", 8192), ("high", 16384)]
    )
    def test_an_effort_becomes_a_budget(self, effort: str, budget: int) -> None:
        """Without a limit it comes on top of what is left for the answer."""
        body = chat_to_anthropic("MiniMax-M2", reasoning_effort=effort)
        assert body["thinking"] == {"type": "enabled", "budget_tokens": budget}
        assert body["max_tokens"] == 4096 + budget
        known = chat_to_anthropic("claude-sonnet-4-5", reasoning_effort=effort)
        assert known["thinking"] == body["thinking"]
        assert known["max_tokens"] == 64_000

    def test_a_budget_stays_within_the_limit(self) -> None:
        body = chat_to_anthropic(reasoning_effort="high", max_completion_tokens=6000)
        assert body["thinking"]["budget_tokens"] == 3000
        assert body["max_tokens"] == 6000
        inbound = chat_ask(reasoning_effort="high", max_tokens=100)
        assert dropped(PAIR, inbound) == ("reasoning_effort",)

    @pytest.mark.parametrize(
        "model", ["claude-opus-4-6", "claude-opus-4-8", "claude-sonnet-5", "claude-haiku-5-5"]
    )
    def test_later_models_think_adaptively(self, model: str) -> None:
        body = chat_to_anthropic(model, reasoning_effort="high")
        assert body["thinking"] == {"type": "adaptive"}
        assert body["output_config"] == {"effort": "high"}
        assert body["max_tokens"] == chat_to_anthropic(model)["max_tokens"]

    @pytest.mark.parametrize(
        "model",
        ["claude-3-7-sonnet-20250219", "claude-sonnet-4-20250514", "claude-opus-4-5", "MiniMax-M2"],
    )
    def test_others_take_a_budget(self, model: str) -> None:
        assert chat_to_anthropic(model, reasoning_effort="low")["thinking"]["type"] == "enabled"

    def test_none_switches_it_off(self) -> None:
        assert chat_to_anthropic(reasoning_effort="none")["thinking"] == {"type": "disabled"}

    def test_what_cannot_stand_beside_thinking_is_dropped(self) -> None:
        inbound = chat_ask(reasoning_effort="low", temperature=0, top_p=0.5)
        assert dropped(PAIR, inbound, "claude-x") == ("temperature", "top_p")
        assert "temperature" not in chat_to_anthropic(reasoning_effort="low", temperature=0)

    def test_a_forced_tool_call_cannot_be_thought_about(self) -> None:
        fields = {"tools": [TOOL], "tool_choice": "required", "reasoning_effort": "low"}
        assert dropped(PAIR, chat_ask(**fields)) == ("reasoning_effort",)
        body = chat_to_anthropic("claude-opus-4-8", **fields)
        assert "thinking" not in body
        assert body["output_config"] == {"effort": "low"}

    def test_a_tool_loop_without_its_thinking_goes_on_without(self) -> None:
        """Most OpenAI clients do not send back what they do not know."""
        said = {"role": "assistant", "tool_calls": [call("weather", "{}")]}
        result = {"role": "tool", "tool_call_id": "call_1", "content": "x"}
        fields: dict[str, Any] = {"tools": [TOOL], "reasoning_effort": "low"}
        assert dropped(PAIR, chat_ask(messages=[TURN, said, result], **fields)) == (
            "reasoning_effort",
        )
        thought = {"type": "thinking", "thinking": "Hm", "signature": "SIG"}
        said = {**said, "thinking_blocks": [thought]}
        assert dropped(PAIR, chat_ask(messages=[TURN, said, result], **fields)) == ()

    def test_results_of_no_call_are_not_judged_here(self) -> None:
        result = {"role": "tool", "tool_call_id": "call_1", "content": "x"}
        body = chat_to_anthropic(messages=[TURN, result], reasoning_effort="low")
        assert body["thinking"]["type"] == "enabled"

    def test_anthropics_own_words_pass(self) -> None:
        thinking = {"type": "enabled", "budget_tokens": 2000}
        assert chat_to_anthropic(thinking=thinking)["thinking"] == thinking


class TestStructuredOutput:
    SCHEMA = {"type": "object", "properties": {}, "additionalProperties": False}

    def test_a_schema(self) -> None:
        form = {"type": "json_schema", "json_schema": {"name": "n", "schema": self.SCHEMA}}
        body = chat_to_anthropic("claude-opus-4-8", response_format=form, reasoning_effort="low")
        expected = {"type": "json_schema", "schema": self.SCHEMA}
        assert body["output_config"] == {"effort": "low", "format": expected}

    def test_json_mode_is_asked_for_in_words(self) -> None:
        """And the caller is told that it is no more than that."""
        inbound = chat_ask(response_format={"type": "json_object"})
        assert dropped(PAIR, inbound) == ("response_format",)
        assert "JSON" in chat_to_anthropic(response_format={"type": "json_object"})["system"]

    @pytest.mark.parametrize("form", [{"type": "grammar"}, {"type": "json_schema"}])
    def test_other_forms_are_refused(self, form: Any) -> None:
        assert refused(response_format=form) == "response_format"
