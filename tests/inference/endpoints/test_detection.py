"""What the readers find in a request: what an answer needs, and what heuristic rules look at."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from inference.endpoints import completions, embeddings, messages, responses
from inference.values.parsed_request import BadRequest, ParsedRequest


def message(*turns: dict[str, Any], **fields: Any) -> ParsedRequest:
    return messages.parse(msgspec.json.encode({"messages": turns, "max_tokens": 9, **fields}), {})


def user(*blocks: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": blocks}


def response(given: Any = "x", **fields: Any) -> ParsedRequest:
    return responses.parse(msgspec.json.encode({"input": given, **fields}), {})


TEXT = {"type": "text", "text": "Hello"}
IMAGE = {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}}


class TestMessages:
    def test_modalities(self) -> None:
        assert message(user(TEXT, IMAGE)).routing_request.required_capabilities == {
            "text",
            "vision",
        }
        assert message(user({"type": "document"})).routing_request.required_capabilities == {
            "text",
            "file",
        }

    def test_an_image_in_a_tool_result_needs_vision(self) -> None:
        inbound = message(user({"type": "tool_result", "tool_use_id": "t", "content": [IMAGE]}))
        assert "vision" in inbound.routing_request.required_capabilities
        assert inbound.routing_request.features.images == 1

    def test_features(self) -> None:
        inbound = message(
            user(TEXT),
            tools=[{"name": "f", "input_schema": {}}],
            thinking={"type": "enabled", "budget_tokens": 1024},
            output_config={"format": {"type": "json_schema", "schema": {}}},
            stream=True,
        )
        assert inbound.routing_request.required_capabilities == {
            "text",
            "tools",
            "reasoning",
            "structured_output",
        }
        assert inbound.routing_request.stream
        assert inbound.routing_request.features.tools == 1
        assert inbound.routing_request.features.reasoning

    @pytest.mark.parametrize("thinking", [{"type": "disabled"}, {"type": "between_tools"}, None])
    def test_thinking_that_is_off_needs_nothing(self, thinking: Any) -> None:
        assert (
            "reasoning"
            not in message(user(TEXT), thinking=thinking).routing_request.required_capabilities
        )

    def test_the_beta_form_of_structured_output(self) -> None:
        inbound = message(user(TEXT), output_format={"type": "json_schema", "schema": {}})
        assert "structured_output" in inbound.routing_request.required_capabilities

    def test_the_last_user_text_is_no_tool_result(self) -> None:
        result = {"type": "tool_result", "tool_use_id": "t", "content": "x" * 1000}
        inbound = message(user(TEXT), {"role": "assistant", "content": "Hm"}, user(result))
        features = inbound.routing_request.features
        assert features.last_user_text == "Hello"
        assert features.last_user_characters == 5
        assert features.prompt_tokens == (5 + 2 + 1000 + 3) // 4
        assert features.messages == 3

    def test_text_beside_a_tool_result_is_the_users(self) -> None:
        result = {"type": "tool_result", "tool_use_id": "t", "content": "x" * 1000}
        assert message(user(result, TEXT)).routing_request.features.last_user_text == "Hello"

    def test_the_system_prompt_counts(self) -> None:
        assert message(user(TEXT), system=[TEXT]).routing_request.features.prompt_tokens == 3


class TestResponses:
    def test_modalities(self) -> None:
        parts = [
            {"type": "input_text", "text": "Hi"},
            {"type": "input_image", "image_url": "https://x/y.png"},
            {"type": "input_file", "file_id": "f"},
        ]
        inbound = response([{"role": "user", "content": parts}])
        assert inbound.routing_request.required_capabilities == {"text", "vision", "file"}
        assert inbound.routing_request.features.last_user_text == "Hi"

    def test_features(self) -> None:
        inbound = response(
            tools=[{"type": "function", "name": "f"}],
            reasoning={"effort": "high"},
            text={"format": {"type": "json_schema", "name": "n", "schema": {}}},
            stream=True,
        )
        assert inbound.routing_request.required_capabilities == {
            "text",
            "tools",
            "reasoning",
            "structured_output",
        }
        assert inbound.routing_request.stream

    def test_what_is_off_needs_nothing(self) -> None:
        inbound = response(text={"format": {"type": "text"}}, reasoning={"effort": "none"})
        assert inbound.routing_request.required_capabilities == {"text"}

    def test_a_tool_output_is_not_the_users_text(self) -> None:
        output = {"type": "function_call_output", "call_id": "c", "output": "x" * 400}
        inbound = response([{"role": "user", "content": "Hello"}, output])
        assert inbound.routing_request.features.last_user_text == "Hello"
        assert inbound.routing_request.features.prompt_tokens == 102

    @pytest.mark.parametrize(
        "fields",
        [
            {"conversation": "conv_1"},
            {"conversation": {"id": "conv_1"}},
        ],
    )
    def test_what_nobody_behind_the_gateway_keeps_is_refused(self, fields: dict[str, Any]) -> None:
        with pytest.raises(BadRequest) as caught:
            response(**fields)
        assert caught.value.field == next(iter(fields))
        assert caught.value.code == "unsupported_parameter"

    def test_what_some_targets_keep_is_left_to_them(self) -> None:
        response(previous_response_id="resp_1", background=True, prompt={"id": "pmpt_1"})

    def test_what_asks_for_no_memory_is_fine(self) -> None:
        response(previous_response_id=None, background=False, conversation=None, store=False)


@pytest.mark.parametrize("prompt", ["Hi", ["Hi", "Ho"], [1, 2], [[1], [2, 3]]])
def test_every_shape_of_a_prompt(prompt: Any) -> None:
    completions.parse(msgspec.json.encode({"prompt": prompt}), {})
    inbound = embeddings.parse(msgspec.json.encode({"input": prompt}), {})
    assert inbound.routing_request.features.prompt_tokens in (1, 2, 3)


def test_a_text_completion_may_want_its_usage() -> None:
    body = {"prompt": "x", "stream": True, "stream_options": {"include_usage": True}}
    inbound = completions.parse(msgspec.json.encode(body), {})
    assert inbound.wants_usage
    assert inbound.routing_request.stream
