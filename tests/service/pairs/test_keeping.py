"""Answers of chat models that the gateway keeps: the openai SDK, and a keeper behind its socket."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import openai
import pytest

from gateway.collector.keeper import KeeperServer
from gateway.collector.keeper_client import KeeperClient
from gateway.collector.kept_answers import KeptAnswers
from governance.routing.table import VirtualKey
from inference.values.seal import SEAM
from tests.inference.tables import chain, provider, rebuilt, virtual_keys
from tests.service.pairs.openai_script import OpenAIScript
from tests.service.pairs.talk import ADD, Answer, Call
from tests.service.pairs.world import Provider
from tests.support.serving import served

SCRIPT = OpenAIScript()
HELLO = Answer(("Hello", " there"))
CALLS = Answer(("Let me see.",), ("Hm",), (Call("call_1", "add", {"a": 1, "b": 2}),), "calls")
TOOLS: Any = [{"type": "function", "name": "add", "parameters": ADD, "strict": False}]


@dataclass
class World:
    chat: Provider
    sdk: openai.OpenAI
    other: openai.OpenAI
    keeper: KeeperClient
    server: KeeperServer

    def says(self, *answers: Answer, stream: bool = False) -> None:
        self.chat.script(*(SCRIPT.reply(answer, stream=stream) for answer in answers))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    path = tmp_path_factory.mktemp("k") / "keeper.sock"
    server = KeeperServer(path, KeptAnswers(1_000_000, 60.0))
    client = KeeperClient(path, by_default=False)
    other = VirtualKey("key-2", "others", frozenset({"inference"}))
    keys = {**virtual_keys(), hashlib.sha256(b"pm-other").digest(): other}
    with Provider() as chat:
        table = rebuilt(chain(provider("chat", chat)), virtual_keys=keys)
        with served(table, keeper=client) as gateway:
            url = f"{gateway.url}/v1"
            with (
                openai.OpenAI(base_url=url, api_key="pm-test-key", max_retries=0) as sdk,
                openai.OpenAI(base_url=url, api_key="pm-other", max_retries=0) as others,
            ):
                yield World(chat, sdk, others, client, server)
    server.close()


def ask(world: World, stream: bool, **fields: Any) -> Any:
    fields = {"model": "light/light", "input": "Hi", "store": True, **fields}
    if not stream:
        return world.sdk.responses.create(**fields)
    with world.sdk.responses.stream(**fields) as events:
        return list(events)[-1].response


@pytest.mark.parametrize("stream", [False, True])
def test_items_are_referred_to(world: World, stream: bool) -> None:
    """As the Vercel AI SDK does from the second step of a tool loop on."""
    world.says(CALLS, HELLO, stream=stream)
    first = ask(world, stream, tools=TOOLS)
    assert first.to_dict()["store"]
    reasoning, message, call = first.output
    items: Any = [
        {"role": "user", "content": "Hi"},
        {"type": "item_reference", "id": reasoning.id},
        {"type": "item_reference", "id": message.id},
        call.to_dict(),
        {"type": "function_call_output", "call_id": call.call_id, "output": "3"},
    ]
    second = ask(world, stream, input=items, tools=TOOLS)
    assert second.output_text == "Hello there"
    said = world.chat.asked[-1].body["messages"]
    assert [one["role"] for one in said] == ["user", "assistant", "tool"]
    assert said[1]["content"] == "Let me see."
    assert said[1]["reasoning_content"] == "Hm"


@pytest.mark.parametrize("stream", [False, True])
def test_a_conversation_by_previous_response(world: World, stream: bool) -> None:
    world.says(CALLS, HELLO, stream=stream)
    first = ask(world, stream, tools=TOOLS)
    output: Any = {"type": "function_call_output", "call_id": "call_1", "output": "3"}
    second = ask(world, stream, previous_response_id=first.id, input=[output], tools=TOOLS)
    third = ask(world, stream, previous_response_id=second.id, input="And?")
    assert third.previous_response_id == second.id
    said = world.chat.asked[-1].body["messages"]
    roles = [one["role"] for one in said]
    assert roles == ["user", "assistant", "tool", "assistant", "user"]
    assert third.id != first.id


def test_fetched_listed_deleted(world: World) -> None:
    world.says(HELLO)
    first = ask(world, stream=False)
    responses = world.sdk.responses
    assert responses.retrieve(first.id).to_dict() == first.to_dict()
    with responses.retrieve(first.id, stream=True) as events:
        assert [event.type for event in events][-1] == "response.completed"
    (item,) = responses.input_items.list(first.id).data
    assert item.to_dict()["content"] == [{"type": "input_text", "text": "Hi"}]
    with pytest.raises(openai.BadRequestError):
        responses.cancel(first.id)
    responses.delete(first.id)
    for call in (responses.retrieve, responses.delete):
        with pytest.raises(openai.NotFoundError):
            call(first.id)
    with pytest.raises(openai.NotFoundError):
        ask(world, False, previous_response_id=first.id)


def test_no_key_reaches_what_another_made(world: World) -> None:
    world.says(HELLO)
    first = ask(world, stream=False)
    asked = len(world.chat.asked)
    own = first.id.partition(SEAM)[0]
    forged = f"{own}{SEAM}{'A' * 24}"
    for client, name in ((world.other.responses, first.id), (world.sdk.responses, forged)):
        with pytest.raises(openai.NotFoundError):
            client.retrieve(name)
        with pytest.raises(openai.NotFoundError):
            client.delete(name)
    with pytest.raises(openai.NotFoundError):
        world.other.responses.create(
            model="light/light",
            input=[{"type": "item_reference", "id": first.output[0].id}],
        )
    with pytest.raises(openai.NotFoundError):
        world.other.responses.create(model="light/light", input="Hi", previous_response_id=first.id)
    assert len(world.chat.asked) == asked


def test_nothing_is_kept_that_nobody_asked_for(world: World) -> None:
    """Unless the operator says so; then `store: false` is the way out."""
    world.says(HELLO)
    plain = world.sdk.responses.create(model="light/light", input="Hi")
    assert not plain.to_dict()["store"]
    assert SEAM not in plain.id
    with pytest.raises(openai.BadRequestError, match="store: false"):
        ask(world, False, input=[{"type": "item_reference", "id": plain.output[0].id}])
    world.keeper.by_default = True
    try:
        kept = world.sdk.responses.create(model="light/light", input="Hi")
        assert SEAM in kept.id
        assert SEAM not in ask(world, False, store=False).id
    finally:
        world.keeper.by_default = False


def test_a_keeper_that_is_away_is_told(world: World) -> None:
    world.says(HELLO)
    first = ask(world, stream=False)
    path, world.keeper._path = world.keeper._path, world.keeper._path.with_name("nobody")
    try:
        for call in (
            lambda: world.sdk.responses.retrieve(first.id),
            lambda: ask(world, False, previous_response_id=first.id),
        ):
            with pytest.raises(openai.InternalServerError) as away:
                call()
            assert away.value.status_code == 503
        assert ask(world, stream=False).output_text == "Hello there"
    finally:
        world.keeper._path = path
