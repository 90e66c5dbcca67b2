"""Answers of MLX that are held to a form: whatever the model would rather say."""

import json
from typing import Any

import jsonschema_rs
import pytest

from tests.inference.local.tiny_model import PING, STORY, WEATHER_PROMPT, WEATHER_TOOL
from tests.inference.local.worker_process import WorkerProcess, content

SCHEMA = {
    "type": "object",
    "properties": {
        "kind": {"enum": ["train", "tram"]},
        "tracks": {"type": "array", "items": {"type": "integer", "minimum": 3, "maximum": 9}}
        | {"minItems": 2, "maxItems": 2},
        "open": {"type": "boolean"},
    },
    "required": ["kind", "tracks", "open"],
    "additionalProperties": False,
}


def form(schema: Any) -> dict[str, Any]:
    return {"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}


@pytest.mark.parametrize("temperature", [0, 1.5])
def test_it_works(worker: WorkerProcess, temperature: float) -> None:
    said = worker.chat(
        STORY.prompt, response_format=form(SCHEMA), temperature=temperature, max_tokens=200
    )
    jsonschema_rs.validate(SCHEMA, json.loads(content(said)))
    assert said.json()["choices"][0]["finish_reason"] == "stop"


def test_each_of_several_answers_is_held_to_it(worker: WorkerProcess) -> None:
    choices = worker.chat(
        STORY.prompt, response_format=form(SCHEMA), temperature=1.5, max_tokens=200, n=8
    ).json()["choices"]
    said = [one["message"]["content"] for one in choices]
    for text in said:
        jsonschema_rs.validate(SCHEMA, json.loads(text))
    assert len(set(said)) > 1


def test_a_stream_is_held_to_it_too_and_others_are_not(worker: WorkerProcess) -> None:
    chunks = list(worker.stream(STORY.prompt, response_format=form(SCHEMA), max_tokens=200))
    said = "".join(one["choices"][0]["delta"].get("content") or "" for one in chunks)
    jsonschema_rs.validate(SCHEMA, json.loads(said))
    assert content(worker.chat(PING.prompt)) == PING.answer


def test_any_object(worker: WorkerProcess) -> None:
    said = worker.chat("x", response_format={"type": "json_object"}, max_tokens=4)
    assert content(said).startswith("{")


@pytest.mark.parametrize(
    "choice", ["required", {"type": "function", "function": {"name": "get_weather"}}]
)
def test_a_call_that_is_demanded_comes(worker: WorkerProcess, choice: Any) -> None:
    """Also where the model would answer in words."""
    closed: dict[str, Any] = {"type": "object", "properties": {"city": {"enum": ["Paris", "Rome"]}}}
    closed |= {"required": ["city"], "additionalProperties": False}
    function = {**WEATHER_TOOL["function"], "parameters": closed}
    tools = [{"type": "function", "function": function}]
    for prompt in (WEATHER_PROMPT, PING.prompt):
        answer = worker.chat(prompt, tools=tools, tool_choice=choice, max_tokens=100).json()
        (said,) = answer["choices"]
        (call,) = said["message"]["tool_calls"]
        assert call["function"]["name"] == "get_weather"
        assert json.loads(call["function"]["arguments"])["city"] in ("Paris", "Rome")
        assert said["finish_reason"] == "tool_calls"
        assert not said["message"]["content"]


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"response_format": form({"type": "array", "uniqueItems": True})}, "uniqueItems"),
        ({"response_format": form({"type": "string", "format": "nonsense"})}, "nonsense"),
        ({"response_format": form({"$ref": "#/none"})}, "schema"),
        ({"response_format": form(SCHEMA), "tools": [WEATHER_TOOL]}, "tool_choice"),
        ({"n": 9}, "'n'"),
        ({"top_a": 0.5}, "'top_a'"),
    ],
)
def test_what_cannot_hold_is_refused_by_name(
    worker: WorkerProcess, fields: dict[str, Any], named: str
) -> None:
    answer = worker.chat("x", **fields)
    assert answer.status_code == 400
    assert named in answer.json()["error"]["message"]
