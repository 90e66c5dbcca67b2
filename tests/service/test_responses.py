"""Errors inside a stream of the Responses API, judged by the official SDK."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import httpx2
import msgspec
import openai
import pytest
from openai.types.responses import ResponseCreatedEvent, ResponseErrorEvent

from inference.protocols import OPENAI as CHAT
from inference.protocols import RESPONSES
from inference.protocols.sse import Parser
from inference.values.error_answer import ErrorAnswer

PROBLEM = ErrorAnswer(502, "The stream broke.", "truncated")


def events(problem: ErrorAnswer) -> list[dict[str, Any]]:
    """The events that end a stream, numbered and named as they should be."""
    found = []
    for place, event in enumerate(Parser().feed(RESPONSES.error_event(problem, "req_1"))):
        told = msgspec.json.decode(event.data)
        assert event.name.decode() == told["type"]
        assert told["sequence_number"] == problem.sequence + place
        found.append(told)
    return found


def test_an_error_event_and_the_failed_response() -> None:
    partial = {"id": "resp_7", "model": "m", "output": [{"type": "message"}]}
    error, failed = events(replace(PROBLEM, sequence=7, partial=partial))
    ResponseErrorEvent.model_validate(error)
    assert (error["code"], error["message"]) == ("truncated", "The stream broke.")
    told = {"code": "truncated", "message": "The stream broke."}
    assert failed["type"] == "response.failed"
    assert failed["response"] == {**partial, "status": "failed", "error": told}


def test_a_stream_that_only_heartbeats_opened() -> None:
    created, error, failed = events(PROBLEM)
    ResponseCreatedEvent.model_validate(created)
    assert (error["type"], failed["type"]) == ("error", "response.failed")
    assert failed["response"]["status"] == "failed"
    assert failed["response"]["id"] == created["response"]["id"] == "resp_req_1"


@pytest.mark.parametrize(
    ("status", "code", "told"),
    [
        (429, None, "rate_limit_exceeded"),
        (429, "http_429", "rate_limit_exceeded"),
        (503, 503, "server_error"),
        (529, None, "server_error"),
        (500, None, "server_error"),
        (400, "context_length_exceeded", "context_length_exceeded"),
    ],
)
def test_the_code_is_a_word_that_clients_act_upon(status: int, code: Any, told: str) -> None:
    problem = ErrorAnswer(status, "No.", said={"type": "t", "code": code})
    assert events(problem)[-1]["response"]["error"]["code"] == told


@pytest.mark.parametrize(
    ("message", "wait", "told"),
    [
        ("Busy.", 6.2, "Busy. Please try again in 7s."),
        ("Try again in 3s.", 3.0, "Try again in 3s."),
        ("Busy.", 1800.0, "Busy."),
        ("Busy.", None, "Busy."),
    ],
)
def test_the_message_names_the_wait_as_codex_reads_it(
    message: str, wait: float | None, told: str
) -> None:
    problem = ErrorAnswer(429, message, "rate_limit_exceeded", retry_after=wait)
    assert events(problem)[-1]["response"]["error"]["message"] == told


def test_the_sdk_raises_on_it() -> None:
    """It would hand on an error event that has no `error` inside."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        headers = {"content-type": "text/event-stream"}
        body = RESPONSES.error_event(PROBLEM, "req_1")
        return httpx2.Response(200, headers=headers, content=body)

    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    client = openai.OpenAI(api_key="k", base_url="http://gateway/v1", http_client=http)
    with pytest.raises(openai.APIError, match=r"The stream broke\."):
        list(client.responses.create(model="m", input="x", stream=True))


def test_everything_else_is_as_in_the_chat_api() -> None:
    assert RESPONSES.error_body(PROBLEM, "req_1") == CHAT.error_body(PROBLEM, "req_1")
    assert RESPONSES.HEARTBEAT == CHAT.HEARTBEAT
    assert RESPONSES.name == "openai"
