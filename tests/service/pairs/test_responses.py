"""What is the Responses API's own, over HTTP; the rest it shares with every other pair."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

from inference.protocols.sse import Parser
from tests.inference.tables import HEADERS, KEY
from tests.service.pairs.talk import ADD, Answer, Call, Tool, asking
from tests.service.pairs.world import HTTP, PROTOCOLS, Translator, World
from tests.support.upstream import Sse

ANSWER = Answer(("Hel", "lo"), ("Hm",), (Call("call_1", "add", {"a": 1, "b": 2}),), "calls")


@pytest.fixture(params=PROTOCOLS)
def pair(request: pytest.FixtureRequest, everyone: World) -> Translator:
    return everyone.pair("responses", request.param)


def test_the_events_of_a_stream(pair: Translator) -> None:
    """Numbered without gaps, named by their types, begun and ended as the API documents."""
    pair.says(ANSWER, stream=True)
    talk = asking("Hi", tools=(Tool("add", ADD, "Adds."),), effort="low", max_tokens=8000)
    body = {**pair.caller.fields(talk, pair.model), "stream": True}
    answer = HTTP.post(pair.gateway.url + pair.caller.path, json=body, headers=HEADERS)
    events = Parser().feed(answer.content)
    documents = [json.loads(event.data) for event in events]
    assert [event.name.decode() for event in events] == [d["type"] for d in documents]
    assert [d["sequence_number"] for d in documents] == list(range(len(documents)))
    assert [d["type"] for d in documents][:2] == ["response.created", "response.in_progress"]
    assert documents[-1]["type"] == "response.completed"
    assert b"[DONE]" not in answer.content
    kinds = [item["type"] for item in documents[-1]["response"]["output"]]
    assert kinds == ["reasoning", "message", "function_call"]


def test_an_error_goes_on_with_the_numbers_of_its_stream(pair: Translator) -> None:
    """Whoever sorts events by number, or looks for gaps, finds the error where it happened."""
    events = pair.script.events(Answer(("Hello", " there")))
    cut = events.index(pair.script.text(" there"))
    begun = events[:cut]
    for broken in (
        Sse([*begun, pair.script.error_event("overloaded")], pause=0.02),
        Sse(begun, then="cut", pause=0.02),
        Sse(begun, pause=0.02),
    ):
        pair.provider.script(broken)
        body = {**pair.caller.fields(asking("Hi"), pair.model), "stream": True}
        answer = HTTP.post(pair.gateway.url + pair.caller.path, json=body, headers=HEADERS)
        documents = [json.loads(event.data) for event in Parser().feed(answer.content)]
        assert [one["type"] for one in documents[-2:]] == ["error", "response.failed"]
        assert [d["sequence_number"] for d in documents] == list(range(len(documents)))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("previous_response_id", "resp_1"),
        ("conversation", "conv_1"),
        ("prompt", {"id": "pmpt_1"}),
        ("background", True),
    ],
)
def test_state_is_refused_with_what_to_do_instead(pair: Translator, field: str, value: Any) -> None:
    with openai.OpenAI(base_url=f"{pair.gateway.url}/v1", api_key=KEY) as sdk:
        pair.provider.script(Sse([]))
        with pytest.raises(openai.BadRequestError) as refused:
            sdk.responses.create(model=pair.model, input="Hi", extra_body={field: value})
    assert refused.value.param == field
    assert refused.value.code == "unsupported_parameter"
    assert "send" in refused.value.message
    assert not pair.provider.asked


def test_nothing_is_kept(pair: Translator) -> None:
    """A response cannot be fetched later, in the form the SDK raises on."""
    with openai.OpenAI(base_url=f"{pair.gateway.url}/v1", api_key=KEY, max_retries=0) as sdk:
        with pytest.raises(openai.NotFoundError):
            sdk.responses.retrieve("resp_1")


def test_input_as_a_string(pair: Translator, stream: bool) -> None:
    pair.says(Answer(("Hi!",)), stream=stream)
    with openai.OpenAI(base_url=f"{pair.gateway.url}/v1", api_key=KEY) as sdk:
        asked: dict[str, Any] = {"model": pair.model, "input": "Hi", "max_output_tokens": 9}
        if stream:
            with sdk.responses.stream(**asked) as events:
                got = events.until_done().get_final_response()
        else:
            got = sdk.responses.create(**asked)
    assert got.output_text == "Hi!"
    assert got.status == "completed"
    assert pair.heard.turns == asking("Hi").turns
