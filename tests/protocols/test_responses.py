"""Errors inside a stream of the Responses API, judged by the official SDK."""

from __future__ import annotations

import httpx2
import msgspec
import openai
import pytest
from openai.types.responses import ResponseErrorEvent

from inference.protocols import OPENAI as CHAT
from inference.protocols import RESPONSES
from inference.protocols.sse import Parser
from inference.values.error_answer import ErrorAnswer

PROBLEM = ErrorAnswer(502, "The stream broke.", "truncated")


def test_an_error_event() -> None:
    [event] = Parser().feed(RESPONSES.error_event(PROBLEM, "req_1"))
    assert event.name == b"error"
    ResponseErrorEvent.model_validate_json(event.data)
    told = msgspec.json.decode(event.data)
    assert (told["code"], told["message"]) == ("truncated", "The stream broke.")


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
