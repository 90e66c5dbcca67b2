"""The openai SDK through the gateway to a strict provider that speaks the Responses API itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import anthropic
import openai
import pytest

from governance.routing.compile import compile_table
from governance.routing.table import Target, VirtualKey
from inference.values.seal import SEAM
from tests.governance.routing.build import compile_regex, profile
from tests.inference.tables import provider, virtual_keys
from tests.service.pairs.openai_script import OpenAIScript
from tests.service.pairs.talk import ADD, Answer, Call, Tokens
from tests.service.pairs.world import HTTP, Provider
from tests.support.responses_provider import ResponsesProvider
from tests.support.serving import Served, served
from tests.support.upstream import Json

HELLO = Answer(("Hello", " there"), tokens=Tokens(20, 4, cached=5, reasoning=2))
CALLS = Answer((), ("Hm",), (Call("call_1", "add", {"a": 1, "b": 2}),), "calls")
TOOLS: Any = [{"type": "function", "name": "add", "parameters": ADD, "strict": False}]


@dataclass
class World:
    gateway: Served
    native: ResponsesProvider
    chat: Provider
    sdk: openai.OpenAI
    other: openai.OpenAI
    """Of another key."""


@pytest.fixture(scope="module")
def running() -> Iterator[World]:
    with ResponsesProvider(HELLO) as native, Provider() as chat:
        providers = [
            provider("native", native, responses_models=("*",)),
            provider("chat", chat),
        ]
        chains = {"native": ["native"], "chat": ["chat"], "first": ["native", "chat"],
                  "last": ["chat", "native"]}  # fmt: skip
        profiles = [
            profile(
                *(Target(provider=one, model="gpt-5.5", priority=n) for n, one in enumerate(names)),
                virtual_provider=name,
                local_fallback="never",
            )
            for name, names in chains.items()
        ]
        other = VirtualKey("key-2", "others", frozenset({"inference"}))
        keys = {**virtual_keys(), hashlib.sha256(b"pm-other").digest(): other}
        table = compile_table(
            profiles=profiles, providers=providers, virtual_keys=keys, compile_regex=compile_regex
        )
        with served(table) as gateway:
            url = f"{gateway.url}/v1"
            with (
                openai.OpenAI(base_url=url, api_key="pm-test-key", max_retries=0) as sdk,
                openai.OpenAI(base_url=url, api_key="pm-other", max_retries=0) as others,
            ):
                yield World(gateway, native, chat, sdk, others)


@pytest.fixture
def world(running: World) -> World:
    running.native.script(HELLO)
    running.chat.script()
    return running


def ask(world: World, stream: bool, **fields: Any) -> Any:
    fields = {"model": "native/gpt-5.5", "input": "Hi", **fields}
    if not stream:
        return world.sdk.responses.create(**fields)
    with world.sdk.responses.stream(**fields) as events:
        seen = list(events)
    assert [one.sequence_number for one in seen] == list(range(len(seen)))
    return seen[-1].response


@pytest.mark.parametrize("stream", [False, True])
def test_it_passes_as_it_came(world: World, stream: bool) -> None:
    """All but the model and the ids, hosted tools included."""
    tools: Any = [{"type": "code_interpreter", "container": {"type": "auto"}}, *TOOLS]
    fields = {"input": [{"role": "user", "content": "Hi"}], "tools": tools, "store": True,
              "metadata": {"id": "resp_mine"}, "truncation": "auto"}  # fmt: skip
    answer = ask(world, stream, **fields)
    (asked,) = world.native.asked
    assert asked.path == "/v1/responses"
    more = {"stream": True} if stream else {}
    assert asked.body == {"model": "gpt-5.5", **fields, **more}
    assert answer.output_text == "Hello there"
    assert answer.metadata == {"id": "resp_mine"}
    kept = json.loads(json.dumps(list(world.native.kept.values())[-1]))
    told = json.loads(answer.to_json())
    for item, own in zip([told, *told["output"]], [kept, *kept["output"]], strict=True):
        assert item["id"].startswith(own["id"] + SEAM)
        item["id"] = own["id"]
    assert told["output"][0]["container_id"].startswith("cntr_up")
    assert SEAM in told["output"][0].pop("container_id")
    kept["output"][0].pop("container_id")
    extra = {"parsed", "logprobs", "outputs"}
    for one in (*told["output"], *kept["output"]):
        for part in (one, *(one.get("content") or ())):
            for name in extra:
                part.pop(name, None)
    assert told == kept


@pytest.mark.parametrize("stream", [False, True])
def test_a_conversation_by_previous_response_and_tools(world: World, stream: bool) -> None:
    world.native.script(CALLS, HELLO)
    first = ask(world, stream, tools=TOOLS)
    (call,) = [one for one in first.output if one.type == "function_call"]
    output: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "3"}
    second = ask(world, stream, previous_response_id=first.id, input=[output], tools=TOOLS)
    assert second.output_text == "Hello there"
    assert second.previous_response_id == first.id
    assert SEAM not in world.native.asked[-1].body["previous_response_id"]


@pytest.mark.parametrize("stream", [False, True])
def test_encrypted_reasoning_comes_back_unchanged(world: World, stream: bool) -> None:
    """Without any state: the provider refuses reasoning that it did not write."""
    world.native.script(CALLS, HELLO)
    settings: Any = {"store": False, "include": ["reasoning.encrypted_content"], "tools": TOOLS}
    first = ask(world, stream, **settings)
    history: list[Any] = [{"role": "user", "content": "Hi"}]
    history += [item.to_dict() for item in first.output]
    history.append({"type": "function_call_output", "call_id": "call_1", "output": "3"})
    second = ask(world, stream, **settings, input=history)
    assert second.output_text == "Hello there"
    reasoning = world.native.asked[-1].body["input"][1]
    assert reasoning["encrypted_content"] in world.native.encrypted
    assert SEAM in history[1]["encrypted_content"]


def test_reasoning_of_others_is_left_out(world: World) -> None:
    """Nobody could read it; ids that nobody here gave out are no reason to refuse either."""
    history: Any = [
        {"role": "user", "content": "Hi"},
        {"type": "reasoning", "id": "rs_x", "summary": [], "encrypted_content": "pointsman:e30="},
        {"type": "reasoning", "id": "rs_y", "summary": []},
        {
            "type": "message",
            "id": "gen-1",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "Yes?"}],
        },
        {"role": "user", "content": "Go on"},
    ]
    raw = world.sdk.responses.with_raw_response.create(model="native/gpt-5.5", input=history)
    assert raw.headers["x-pointsman-dropped"] == "input.reasoning"
    kept = world.native.asked[-1].body["input"]
    assert [one.get("role") for one in kept] == ["user", "assistant", "user"]


def test_a_follow_up_goes_to_the_provider_that_holds_it(world: World) -> None:
    """Whatever the order of the targets, and never to another one."""
    world.chat.script(OpenAIScript().reply(Answer(("No",)), stream=False))
    first = ask(world, stream=False)
    for model in ("first/gpt-5.5", "last/gpt-5.5"):
        again = ask(world, False, model=model, previous_response_id=first.id)
        assert again.output_text == "Hello there"
    reference: Any = [{"type": "item_reference", "id": first.output[0].id}]
    reference.append({"role": "user", "content": "Again"})
    assert ask(world, False, model="last/gpt-5.5", input=reference).output_text == "Hello there"
    assert not world.chat.asked
    world.native.fail = Json({"error": {"message": "Busy"}}, 503)
    with pytest.raises(openai.InternalServerError):
        ask(world, False, model="first/gpt-5.5", previous_response_id=first.id)
    assert not world.chat.asked


def test_failing_over_to_and_from_chat_completions(world: World) -> None:
    world.chat.script(OpenAIScript().reply(Answer(("Chat",)), stream=False))
    world.native.fail = Json({"error": {"message": "Busy"}}, 503)
    tools: Any = [{"type": "web_search"}]
    assert ask(world, False, model="first/gpt-5.5", tools=tools).output_text == "Chat"
    assert world.chat.asked[0].path == "/v1/chat/completions"


def test_fetched_listed_cancelled_deleted(world: World) -> None:
    first = ask(world, stream=False)
    responses = world.sdk.responses
    assert responses.retrieve(first.id).to_dict() == first.to_dict()
    (item,) = responses.input_items.list(first.id).data
    assert SEAM in str(item.id)
    with responses.retrieve(first.id, stream=True) as events:
        seen = list(events)
    assert seen[-1].type == "response.completed"
    assert seen[-1].response.id == first.id
    responses.delete(first.id)
    with pytest.raises(openai.NotFoundError):
        responses.retrieve(first.id)
    with pytest.raises(openai.BadRequestError, match="not found"):
        ask(world, False, previous_response_id=first.id)


def test_a_tool_loop_in_the_background(world: World) -> None:
    world.native.script(CALLS, HELLO)
    told = ask(world, False, background=True, tools=TOOLS)
    assert told.status == "queued"
    ended = _awaited(world, told.id)
    (call,) = [one for one in ended.output if one.type == "function_call"]
    output: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "3"}
    told = ask(
        world, False, background=True, tools=TOOLS, previous_response_id=told.id, input=[output]
    )
    assert _awaited(world, told.id).output_text == "Hello there"
    told = ask(world, False, background=True)
    assert world.sdk.responses.cancel(told.id).status == "cancelled"


def _awaited(world: World, response_id: str) -> Any:
    for _ in range(5):
        response = world.sdk.responses.retrieve(response_id)
        if response.status == "completed":
            return response
    raise AssertionError(response.status)


def test_no_key_reaches_what_another_made(world: World) -> None:
    """Nor does anybody reach it by an id that was changed, or as the provider gave it."""
    first = ask(world, stream=False)
    own = first.id.partition(SEAM)[0]
    other = world.other.responses
    changed = "A" if first.id[-1] != "A" else "B"
    forged = [first.id[:-1] + changed, own, f"{own}x{first.id[len(own) :]}"]
    asked = len(world.native.asked)
    for client, response_id in [(other, first.id), *((world.sdk.responses, one) for one in forged)]:
        for call in (client.retrieve, client.delete, client.cancel, client.input_items.list):
            with pytest.raises(openai.NotFoundError):
                call(response_id)
        with pytest.raises(openai.NotFoundError):
            client.create(model="native/gpt-5.5", input="Hi", previous_response_id=response_id)
        item: Any = {"type": "item_reference", "id": response_id}
        with pytest.raises(openai.NotFoundError):
            client.create(model="native/gpt-5.5", input=[item])
        tool: Any = {"type": "code_interpreter", "container": response_id}
        with pytest.raises(openai.NotFoundError):
            client.create(model="native/gpt-5.5", input="Hi", tools=[tool])
    assert len(world.native.asked) == asked
    settings: Any = {"store": False, "include": ["reasoning.encrypted_content"]}
    world.native.script(Answer(("Hi",), ("Hm",)))
    thought = ask(world, False, **settings).output[0].to_dict()
    other.create(model="native/gpt-5.5", input=[{"role": "user", "content": "Hi"}, thought])
    assert [one.get("type") for one in world.native.asked[-1].body["input"]] == [None]


def test_tokens_are_counted_by_who_can(world: World) -> None:
    url = f"{world.gateway.url}/v1/responses/input_tokens"
    headers = {"Authorization": "Bearer pm-test-key"}
    body = {"model": "native/gpt-5.5", "input": "Hi"}
    told = HTTP.post(url, json=body, headers=headers)
    assert told.json() == {"object": "response.input_tokens", "input_tokens": 123}
    assert "x-pointsman-estimated" not in told.headers
    told = HTTP.post(url, json={**body, "model": "chat/gpt-5.5"}, headers=headers)
    assert told.headers["x-pointsman-estimated"] == "true"


def test_errors_come_as_they_were_told(world: World) -> None:
    with pytest.raises(openai.BadRequestError) as refused:
        ask(world, False, max_output_tokens=3)
    assert refused.value.code == "integer_below_min_value"
    world.native.fail = Json({"error": {"message": "Key native-secret is bad"}}, 401)
    with pytest.raises(openai.InternalServerError) as hidden:
        ask(world, False)
    assert "native-secret" not in str(hidden.value)


def test_usage_is_recorded(world: World) -> None:
    assert ask(world, True).usage.to_dict()["input_tokens_details"] == {"cached_tokens": 5}


@pytest.mark.parametrize("stream", [False, True])
def test_a_chat_caller_reasons_with_tools(world: World, stream: bool) -> None:
    """Which these models do by the Responses API alone; reasoning goes back where it came from."""
    world.native.script(CALLS, HELLO)
    functions: Any = [{"type": "function", "function": {"name": "add", "parameters": ADD}}]
    settings: Any = {"model": "native/gpt-5.5", "tools": functions, "reasoning_effort": "high"}
    messages: list[Any] = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "1 + 2?"}]},
    ]
    first = _said(world, stream, messages=messages, **settings)
    assert first["tool_calls"][0]["function"]["arguments"] == json.dumps({"a": 1, "b": 2})
    assert first["reasoning_content"] == "Hm"
    messages += [first, {"role": "tool", "tool_call_id": "call_1", "content": "3"}]
    second = _said(world, stream, messages=messages, **settings)
    assert second["content"] == "Hello there"
    assert [asked.path for asked in world.native.asked] == ["/v1/responses"] * 2
    body = world.native.asked[-1].body
    kinds = [item["type"] for item in body["input"]]
    assert kinds == ["message", "message", "reasoning", "function_call", "function_call_output"]
    assert body["input"][2]["encrypted_content"] in world.native.encrypted
    assert body["store"] is False


def _said(world: World, stream: bool, **fields: Any) -> dict[str, Any]:
    chat = world.sdk.chat.completions
    if not stream:
        answer = chat.create(**fields)
        assert answer.usage is not None
        assert answer.choices[0].finish_reason in ("stop", "tool_calls")
        message: dict[str, Any] = answer.choices[0].message.to_dict()
        return message
    with chat.stream(**fields, stream_options={"include_usage": True}) as events:
        final = events.get_final_completion()
    assert final.usage is not None
    assert final.choices[0].finish_reason in ("stop", "tool_calls")
    return final.choices[0].message.to_dict(exclude_unset=True)


@pytest.mark.parametrize("stream", [False, True])
def test_a_caller_of_messages_thinks_with_tools(world: World, stream: bool) -> None:
    world.native.script(CALLS, HELLO)
    settings: Any = {
        "model": "native/gpt-5.5",
        "max_tokens": 4000,
        "thinking": {"type": "enabled", "budget_tokens": 2000},
        "tools": [{"name": "add", "input_schema": ADD}],
    }
    messages: list[Any] = [{"role": "user", "content": "1 + 2?"}]
    url = world.gateway.url
    with anthropic.Anthropic(base_url=url, api_key="pm-test-key", max_retries=0) as sdk:

        def ask() -> Any:
            if not stream:
                return sdk.messages.create(messages=messages, **settings)
            with sdk.messages.stream(messages=messages, **settings) as events:
                return events.get_final_message()

        first = ask()
        assert first.stop_reason == "tool_use"
        messages.append({"role": "assistant", "content": [b.to_dict() for b in first.content]})
        result = {"type": "tool_result", "tool_use_id": "call_1", "content": "3"}
        messages.append({"role": "user", "content": [result]})
        second = ask()
    assert second.content[-1].text == "Hello there"
    body = world.native.asked[-1].body
    kinds = [item["type"] for item in body["input"]]
    assert kinds == ["message", "reasoning", "function_call", "function_call_output"]
    assert body["reasoning"] == {"effort": "low"}
    assert body["max_output_tokens"] == 4000


def test_what_the_api_cannot_say_goes_as_a_chat_completion(world: World) -> None:
    """Better without reasoning than not at all; without tools nothing changes."""
    world.native.fail = Json(OpenAIScript().whole(Answer(("Chat",))))
    functions: Any = [{"type": "function", "function": {"name": "add", "parameters": ADD}}]
    asked: Any = {"model": "native/gpt-5.5", "messages": [{"role": "user", "content": "Hi"}]}
    chat = world.sdk.chat.completions
    chat.create(**asked, tools=functions, reasoning_effort="high", stop=["."])
    assert world.native.asked[-1].body["reasoning_effort"] == "none"
    chat.create(**asked, reasoning_effort="high")
    chat.create(**asked, tools=functions)
    assert {one.path for one in world.native.asked} == {"/v1/chat/completions"}
