"""An agent loop of five turns with tools and thinking, by the official SDKs, on every pair.

The scripted model insists on its own history: a call, a result or a signature lost on the way
fails the test.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.inference.translate.scripts import ADDERS, TURNS
from tests.inference.translate.sdk import anthropic_client, openai_client

SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
    "required": ["a", "b"],
    "additionalProperties": False,
}
UPSTREAMS = pytest.mark.parametrize("upstream", ["openai", "anthropic"])
STREAMED = pytest.mark.parametrize("stream", [False, True])


def add(given: Any) -> str:
    return str(given["a"] + given["b"])


@UPSTREAMS
@STREAMED
def test_chat_completions(upstream: str, stream: bool) -> None:
    client = openai_client(upstream, ADDERS[upstream])
    function = {"name": "add", "parameters": SCHEMA}
    asked: dict[str, Any] = {
        "model": "light/light",
        "messages": [{"role": "user", "content": "Count."}],
        "tools": [{"type": "function", "function": function}],
        "reasoning_effort": "low",
    }
    for turn in range(TURNS + 1):
        if stream:
            asked["stream_options"] = {"include_usage": True}
            with client.chat.completions.stream(**asked) as events:
                for _ in events:
                    pass
                got: Any = events.get_final_completion()
        else:
            got = client.chat.completions.create(**asked)
        said = got.choices[0].message
        assert got.usage.prompt_tokens == 20
        assert got.usage.prompt_tokens_details.cached_tokens == 12
        assert got.usage.completion_tokens_details.reasoning_tokens == 2
        if turn == TURNS:
            break
        assert got.choices[0].finish_reason == "tool_calls"
        [call] = said.tool_calls
        result = add(json.loads(call.function.arguments))
        history = {k: v for k, v in said.to_dict().items() if k not in ("parsed", "refusal")}
        asked["messages"] += [
            history,
            {"role": "tool", "tool_call_id": call.id, "content": result},
        ]
    assert said.content == f"It is {TURNS}."
    assert got.choices[0].finish_reason == "stop"


@UPSTREAMS
@STREAMED
def test_messages(upstream: str, stream: bool) -> None:
    client = anthropic_client(upstream, ADDERS[upstream])
    asked: dict[str, Any] = {
        "model": "light/light",
        "max_tokens": 5000,
        "messages": [{"role": "user", "content": "Count."}],
        "tools": [{"name": "add", "input_schema": SCHEMA}],
        "thinking": {"type": "enabled", "budget_tokens": 2048},
    }
    for turn in range(TURNS + 1):
        if stream:
            with client.messages.stream(**asked) as events:
                got: Any = events.get_final_message()
        else:
            got = client.messages.create(**asked)
        assert got.usage.input_tokens == 5
        assert got.usage.cache_read_input_tokens == 12
        assert got.usage.cache_creation_input_tokens == 3
        assert got.usage.output_tokens_details.thinking_tokens == 2
        if turn == TURNS:
            break
        assert got.stop_reason == "tool_use"
        [thought, use] = got.content
        assert thought.thinking == "Hm"
        result = {"type": "tool_result", "tool_use_id": use.id, "content": add(use.input)}
        asked["messages"] += [
            {"role": "assistant", "content": got.content},
            {"role": "user", "content": [result]},
        ]
    assert got.content[0].text == f"It is {TURNS}."
    assert got.stop_reason == "end_turn"


@UPSTREAMS
@STREAMED
def test_responses(upstream: str, stream: bool) -> None:
    client = openai_client(upstream, ADDERS[upstream])
    asked: dict[str, Any] = {
        "model": "light/light",
        "input": [{"role": "user", "content": "Count."}],
        "tools": [{"type": "function", "name": "add", "parameters": SCHEMA, "strict": True}],
        "reasoning": {"effort": "low", "summary": "auto"},
        "max_output_tokens": 5000,
        "store": False,
    }
    for turn in range(TURNS + 1):
        if stream:
            with client.responses.stream(**asked) as events:
                numbers = [event.sequence_number for event in events]
                assert numbers == list(range(len(numbers)))
                got: Any = events.get_final_response()
        else:
            got = client.responses.create(**asked)
        assert got.status == "completed"
        assert got.usage.input_tokens == 20
        assert got.usage.input_tokens_details.cached_tokens == 12
        assert got.usage.output_tokens_details.reasoning_tokens == 2
        if turn == TURNS:
            break
        [reasoning, call] = got.output
        assert reasoning.summary[0].text == "Hm"
        result = add(json.loads(call.arguments))
        asked["input"] += [
            *(item.to_dict() for item in got.output),
            {"type": "function_call_output", "call_id": call.call_id, "output": result},
        ]
    assert got.output_text == f"It is {TURNS}."
