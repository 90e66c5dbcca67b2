"""Every field of a request, wrong in every way: refused by name before it reaches the generator."""

from typing import Any

import pytest

from inference.local.generation import InvalidGeneration, Sampling
from inference.local.validation import (
    check_model,
    read_body,
    read_chat,
    read_completion,
    read_priority,
)
from tests.inference.local.worker_process import WorkerProcess, chat_body

VOCABULARY = 100
USER = {"role": "user", "content": "x"}


def message(**fields: Any) -> dict[str, Any]:
    """A body whose one message has these fields."""
    return {"messages": [{"role": "user", "content": "x", **fields}]}


def part(**fields: Any) -> dict[str, Any]:
    """A body whose one message has this one part."""
    return message(content=[fields])


def call(**function: Any) -> dict[str, Any]:
    """A body with an assistant's tool call."""
    calls = [{"id": "1", "type": "function", "function": function}]
    return message(role="assistant", tool_calls=calls)


def tool(**function: Any) -> dict[str, Any]:
    """A body with one tool."""
    return {"tools": [{"type": "function", "function": function}]}


WRONG_CHAT: list[tuple[str, dict[str, Any]]] = [
    ("messages", {"messages": None}),
    ("messages", {"messages": []}),
    ("messages", {"messages": "hello"}),
    ("messages", {"messages": {}}),
    ("messages[0]", {"messages": ["x"]}),
    ("messages[1]", {"messages": [USER, None]}),
    ("messages[0].role", message(role=None)),
    ("messages[0].role", message(role="admin")),
    ("messages[0].role", message(role=["user"])),
    ("messages[0].content", message(content=None)),
    ("messages[0].content", message(content=1)),
    ("messages[0].content", message(content={"type": "text"})),
    ("messages[0].content[0]", message(content=["x"])),
    ("messages[0].content[0].type", part(text="x")),
    ("messages[0].content[0].text", part(type="text")),
    ("messages[0].content[0].text", part(type="text", text=5)),
    ("messages[0].content[0]", part(type="image_url", image_url={"url": "http://x/y.png"})),
    ("messages[0].content[0]", part(type="input_audio", input_audio={})),
    ("messages[0].content[0]", part(type="file", file={})),
    ("messages[0].name", message(name=5)),
    ("messages[0].tool_call_id", message(role="tool", tool_call_id=5)),
    ("messages[0].tool_calls", message(tool_calls=[])),
    ("messages[0].tool_calls", message(role="assistant", tool_calls={})),
    ("messages[0].tool_calls[0]", message(role="assistant", tool_calls=["x"])),
    ("messages[0].tool_calls[0].function", message(role="assistant", tool_calls=[{}])),
    ("messages[0].tool_calls[0].function.name", call(arguments="{}")),
    ("messages[0].tool_calls[0].function.arguments", call(name="f", arguments={})),
    ("tools", {"tools": {"a": 1}}),
    ("tools", {"tools": "x"}),
    ("tools[0]", {"tools": ["x"]}),
    ("tools[0].type", {"tools": [{"type": "retrieval"}]}),
    ("tools[0].function", {"tools": [{"type": "function"}]}),
    ("tools[0].function.name", tool()),
    ("tools[0].function.name", tool(name="")),
    ("tools[0].function.parameters", tool(name="f", parameters=[])),
    ("tool_choice", {"tool_choice": "required"}),
    ("tool_choice", {"tool_choice": {"type": "function", "function": {"name": "f"}}}),
    ("functions", {"functions": []}),
    ("function_call", {"function_call": "auto"}),
    ("modalities", {"modalities": ["text", "audio"]}),
    ("audio", {"audio": {"voice": "x"}}),
    ("logprobs", {"logprobs": 1}),
    ("top_logprobs", {"top_logprobs": 2}),
    ("top_logprobs", {"logprobs": True, "top_logprobs": 21}),
    ("top_logprobs", {"logprobs": True, "top_logprobs": -1}),
    ("response_format", {"response_format": "json"}),
    ("response_format.type", {"response_format": {}}),
    ("response_format.type", {"response_format": {"type": "json_object"}}),
    ("response_format.type", {"response_format": {"type": "json_schema", "json_schema": {}}}),
]
WRONG_EITHER: list[tuple[str, dict[str, Any]]] = [
    ("n", {"n": 99}),
    ("n", {"n": 0}),
    ("n", {"n": True}),
    ("stream", {"stream": "yes"}),
    ("stream_options", {"stream_options": [1]}),
    ("stream_options.include_usage", {"stream_options": {"include_usage": 1}}),
    ("max_tokens", {"max_tokens": 0}),
    ("max_tokens", {"max_tokens": 1.5}),
    ("max_tokens", {"max_tokens": "5"}),
    ("max_tokens", {"max_tokens": 10**30}),
    ("max_completion_tokens", {"max_completion_tokens": -1}),
    ("temperature", {"temperature": "hot"}),
    ("temperature", {"temperature": True}),
    ("temperature", {"temperature": -0.1}),
    ("temperature", {"temperature": 2.1}),
    ("top_p", {"top_p": 1.01}),
    ("top_p", {"top_p": []}),
    ("seed", {"seed": 1.0}),
    ("seed", {"seed": 2**63}),
    ("presence_penalty", {"presence_penalty": 3}),
    ("frequency_penalty", {"frequency_penalty": "1"}),
    ("logit_bias", {"logit_bias": [1]}),
    ("logit_bias", {"logit_bias": {"ping": 1}}),
    ("logit_bias", {"logit_bias": {str(VOCABULARY): 1}}),
    ("logit_bias", {"logit_bias": {"-1": 1}}),
    ("logit_bias", {"logit_bias": {"\u00b2": 1}}),
    ("logit_bias", {"logit_bias": {"5": 101}}),
    ("logit_bias", {"logit_bias": {"5": "1"}}),
    ("stop", {"stop": 5}),
    ("stop", {"stop": {"a": 1}}),
    ("stop", {"stop": ["a"] * 5}),
    ("stop[0]", {"stop": ""}),
    ("stop[1]", {"stop": ["a", 7]}),
]
WRONG_COMPLETION: list[tuple[str, dict[str, Any]]] = [
    ("prompt", {"prompt": None}),
    ("prompt", {"prompt": ""}),
    ("prompt", {"prompt": []}),
    ("prompt", {"prompt": [[]]}),
    ("prompt", {"prompt": {}}),
    ("prompt", {"prompt": ["a", "b"]}),
    ("prompt", {"prompt": [1, VOCABULARY]}),
    ("prompt", {"prompt": [1, -1]}),
    ("prompt", {"prompt": [1, True]}),
    ("suffix", {"suffix": "x"}),
    ("echo", {"echo": True}),
    ("best_of", {"best_of": 2}),
    ("logprobs", {"logprobs": 6}),
    ("logprobs", {"logprobs": True}),
]


@pytest.mark.parametrize(("param", "fields"), WRONG_CHAT + WRONG_EITHER)
def test_a_wrong_chat_field_is_named(param: str, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidGeneration) as caught:
        read_chat({"messages": [USER], **fields}, Sampling(), VOCABULARY)
    assert caught.value.param == param
    assert caught.value.status == 400
    assert param in caught.value.message


@pytest.mark.parametrize(("param", "fields"), WRONG_COMPLETION + WRONG_EITHER)
def test_a_wrong_completion_field_is_named(param: str, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidGeneration) as caught:
        read_completion({"prompt": "x", **fields}, Sampling(), VOCABULARY)
    assert caught.value.param == param


WRONG_BODIES = [b"", b"{", b"\xff\xfe", b"[1]", b'"x"', b"null", b'{"a": NaN}', b'{"a": "\xff"}']
WRONG_BODIES += [b'{"a": "\\ud800"}', b'{"a": "\\ud800 and more"}', b"[" * 100_000]


@pytest.mark.parametrize("raw", WRONG_BODIES)
def test_a_body_that_is_no_json_object_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidGeneration):
        read_body(raw)


def test_zero_is_a_value() -> None:
    """Not the same as absent."""
    body = {"messages": [USER], "temperature": 0, "top_p": 0, "seed": 0}
    ask = read_chat(body, Sampling(temperature=0.7, top_p=0.9), VOCABULARY)
    assert (ask.sampling.temperature, ask.sampling.top_p, ask.sampling.seed) == (0, 0, 0)


def test_the_newer_name_of_max_tokens_wins() -> None:
    body = {"messages": [USER], "max_tokens": 5, "max_completion_tokens": 6}
    assert read_chat(body, Sampling(), VOCABULARY).max_tokens == 6


def test_what_templates_get() -> None:
    """Parts joined, no content as empty text, arguments as objects where they are objects."""
    calls = [{"function": {"name": "f", "arguments": text}} for text in ('{"a": 1}', "[1]", "{")]
    body = {
        "messages": [
            {"role": "developer", "content": [{"type": "text", "text": t} for t in "ab"]},
            {"role": "assistant", "content": None, "tool_calls": calls},
            {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]},
        ]
    }
    system, called, refused = read_chat(body, Sampling(), VOCABULARY).messages
    assert system == {"role": "system", "content": "a\nb"}
    assert called["content"] == ""
    arguments = [call["function"]["arguments"] for call in called["tool_calls"]]
    assert arguments == [{"a": 1}, "[1]", "{"]
    assert refused["content"] == "no"


def test_a_model_s_name_must_be_right_when_given() -> None:
    check_model({}, "here")
    check_model({"model": "here"}, "here")
    with pytest.raises(InvalidGeneration) as caught:
        check_model({"model": "there"}, "here")
    assert (caught.value.status, caught.value.code) == (404, "model_not_found")
    assert "here" in caught.value.message
    with pytest.raises(InvalidGeneration):
        check_model({"model": 5}, "here")


def test_priorities() -> None:
    headers = ("high", " Normal ", "LOW", None, "", "urgent")
    assert [read_priority(header) for header in headers] == [0, 1, 2, 1, 1, 1]


def test_over_http_a_wrong_field_has_openai_s_error_form(worker: WorkerProcess) -> None:
    response = worker.chat("x", temperature="hot")
    assert response.status_code == 400
    assert response.json() == {
        "error": {
            "message": "'temperature' must be a number.",
            "type": "invalid_request_error",
            "param": "temperature",
            "code": "invalid_type",
        }
    }


def test_no_wrong_request_harms_the_worker(worker: WorkerProcess) -> None:
    """All of them sent to a real worker: a 4xx each, and the next good request works."""
    right = ({"logit_bias": {str(VOCABULARY): 1}}, {"response_format": {"type": "json_object"}})
    for _, fields in WRONG_CHAT + WRONG_EITHER:
        if fields not in right:
            body = {**chat_body("x"), **fields}
            assert worker.client.post("/v1/chat/completions", json=body).status_code == 400, fields
    for _, fields in WRONG_COMPLETION:
        if fields != {"prompt": [1, VOCABULARY]}:
            response = worker.client.post("/v1/completions", json={"prompt": "x", **fields})
            assert response.status_code == 400, fields
    assert worker.chat("ping").json()["choices"][0]["message"]["content"] == "pong"


def test_a_prompt_longer_than_the_context_is_refused(worker: WorkerProcess) -> None:
    response = worker.chat("tick tock " * 8192)
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["code"], error["param"]) == ("context_length_exceeded", "messages")


def test_max_tokens_are_cut_to_the_context() -> None:
    """A prompt that leaves little room gets a short answer, not an error."""
    with WorkerProcess("--max-context", "60") as worker:
        answer = worker.chat("Never stop.", max_tokens=1000).json()
    assert answer["choices"][0]["finish_reason"] == "length"
    assert answer["usage"]["total_tokens"] == 60


def test_a_body_past_the_limit_is_refused(worker: WorkerProcess) -> None:
    response = worker.client.post("/v1/chat/completions", content=b" " * (33 * 2**20))
    assert response.status_code == 413
