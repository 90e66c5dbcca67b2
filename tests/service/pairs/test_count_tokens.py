"""`POST /v1/messages/count_tokens`: asked of who can count, else estimated."""

from __future__ import annotations

import asyncio
from typing import Any

import anthropic
import httpx
import pytest

from inference.record.record import RequestContext, add_sink, remove_sink
from tests.inference.tables import HEADERS, KEY
from tests.service.pairs.talk import ADD
from tests.service.pairs.world import HTTP, SCRIPTS, Provider, World, table
from tests.support.serving import Served, served
from tests.support.upstream import Cut, Json, Reply

ASK: dict[str, Any] = {
    "messages": [{"role": "user", "content": "How many tokens is this, about?"}],
    "system": "Be brief.",
    "tools": [{"name": "add", "input_schema": ADD}],
}


def count(gateway: Served, model: str, **headers: str) -> httpx.Response:
    return HTTP.post(
        f"{gateway.url}/v1/messages/count_tokens?beta=true",
        json={**ASK, "model": model},
        headers={**HEADERS, **headers},
    )


def test_it_works(everyone: World) -> None:
    """An Anthropic upstream counts: the question arrives whole, the answer comes as it was."""
    upstream = everyone.providers["anthropic"]
    upstream.script(Json({"input_tokens": 42, "novel": 1}))
    answer = count(everyone.gateway, "to-anthropic/light", **{"anthropic-beta": "counting-1"})
    assert answer.json() == {"input_tokens": 42, "novel": 1}
    assert "x-pointsman-estimated" not in answer.headers
    [asked] = upstream.asked
    assert asked.path == "/v1/messages/count_tokens"
    assert asked.body == {**ASK, "model": "anthropic-model"}
    assert asked.headers["anthropic-beta"] == "counting-1"
    assert asked.headers["anthropic-version"] == "2023-06-01"


def test_by_the_sdk(everyone: World) -> None:
    """Both clients, and both kinds of upstream; nothing is asked of one that cannot count."""
    everyone.providers["anthropic"].script(Json({"input_tokens": 42}))
    everyone.providers["openai"].script(Json({}))
    url = everyone.gateway.url
    with anthropic.Anthropic(base_url=url, api_key=KEY, max_retries=0) as sdk:
        counted = sdk.messages.count_tokens(model="to-anthropic/light", **ASK)
        estimated = sdk.messages.count_tokens(model="to-openai/light", **ASK)

    async def ask() -> int:
        async with anthropic.AsyncAnthropic(base_url=url, api_key=KEY) as client:
            result = await client.messages.count_tokens(model="to-openai/light", **ASK)
            return int(result.input_tokens)

    assert counted.input_tokens == 42
    assert 20 < estimated.input_tokens < 200
    assert asyncio.run(ask()) == estimated.input_tokens
    assert not everyone.providers["openai"].asked


def test_an_estimate_says_so(everyone: World) -> None:
    answer = count(everyone.gateway, "to-openai/light")
    assert answer.headers["x-pointsman-estimated"] == "true"
    assert answer.headers["x-pointsman-provider"] == "openai"
    assert answer.headers["request-id"]


FAILS: dict[str, Reply] = {
    "500": SCRIPTS["anthropic"].error(500, "oops"),
    "429": SCRIPTS["anthropic"].error(429, "slow down"),
    "no such model": SCRIPTS["anthropic"].error(404, "model: x"),
    "no JSON": Json(b"<html>"),
    "no count": Json({}),
    "0": Json({"input_tokens": 0}),
    "closed": Cut(),
}


@pytest.mark.parametrize("reply", FAILS.values(), ids=FAILS.keys())
def test_failover(reply: Reply) -> None:
    """To the next that can count, then to an estimate, which never is 0 and never an error."""
    with Provider(reply) as bad, Provider(Json({"input_tokens": 7})) as good, Provider() as other:
        providers = {"anthropic": bad, "second": good, "openai": other}
        chains = (("anthropic", "second"), ("anthropic", "openai"), ("anthropic",))
        routing = table(*chains, providers=providers, kinds={"second": "anthropic"})
        with served(routing) as gateway:
            counted = count(gateway, "to-anthropic-second/light")
            estimated = count(gateway, "to-anthropic-openai/light")
            alone = count(gateway, "to-anthropic/light")
            book = gateway.book.statuses()
    assert counted.json() == {"input_tokens": 7}
    assert counted.headers["x-pointsman-fallback"] == "target"
    assert estimated.json()["input_tokens"] > 20
    assert estimated.headers["x-pointsman-attempts"] == "2"
    assert alone.json()["input_tokens"] > 20
    assert alone.headers["x-pointsman-estimated"] == "true"
    assert not book, "how it counts says nothing about how it answers"


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_server_without_the_endpoint(everyone: World, status: int) -> None:
    """Many servers speak Anthropic's protocol for messages alone: their count is estimated."""
    everyone.providers["anthropic"].script(Json({"detail": "Not Found"}, status))
    answer = count(everyone.gateway, "to-anthropic/light")
    assert answer.status_code == 200
    assert answer.headers["x-pointsman-estimated"] == "true"


def test_admission_and_routing_are_those_of_messages(everyone: World) -> None:
    url = f"{everyone.gateway.url}/v1/messages/count_tokens"
    assert HTTP.post(url, json=ASK).status_code == 401
    assert HTTP.get(url, headers=HEADERS).status_code == 405
    unknown = count(everyone.gateway, "to-nowhere/x")
    assert unknown.status_code == 404
    assert unknown.json()["error"]["type"] == "not_found_error"
    wrong = HTTP.post(url, json={"model": "to-openai/light", "messages": 5}, headers=HEADERS)
    assert wrong.status_code == 400
    assert wrong.json()["error"]["param"] == "messages"


def test_odd_content_is_estimated_too(everyone: World) -> None:
    """What a message request would be refused for only later must not break a count."""
    turns = [
        {"role": "user", "content": [{"type": "novel", "deep": [{"x": 1.5}, None, True]}]},
        {"role": "assistant", "content": [{"type": "tool_use", "id": "a", "input": {"a": 1}}]},
    ]
    body = {"model": "to-openai/light", "messages": turns}
    url = f"{everyone.gateway.url}/v1/messages/count_tokens"
    answer = HTTP.post(url, json=body, headers=HEADERS)
    assert answer.status_code == 200, answer.text


def test_the_record_tells_counts_from_messages(everyone: World) -> None:
    kept: list[RequestContext] = []
    sink = kept.append
    add_sink(sink)
    try:
        everyone.providers["anthropic"].script(Json({"input_tokens": 42}))
        count(everyone.gateway, "to-anthropic/light")
        count(everyone.gateway, "to-openai/light")
    finally:
        remove_sink(sink)
    assert [one.routing_request.request_type for one in kept if one.routing_request] == [
        "count_tokens"
    ] * 2
    assert [one.attempts[-1].code for one in kept] == ["ok", "estimated"]
    assert [one.first_token for one in kept] == [None, None]
    assert [one.outcome for one in kept] == ["ok", "ok"]
