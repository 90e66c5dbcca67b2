"""What the playground tells of a request on its way, over a scripted upstream."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from pytest_django import Settings

from gateway.console.playground.choices import CONVERSATIONS, acting_as
from gateway.console.playground.exchange import Sending, carry
from governance import snapshot
from governance.routing.table import RoutingTable, VirtualKey
from inference.record.record import RequestContext, add_sink, remove_sink
from tests.inference.tables import chain, provider
from tests.support import openai_shapes as shapes
from tests.support.upstream import Hang, Json, Sse, Upstream


@pytest.fixture
def request_contexts() -> Iterator[list[RequestContext]]:
    """What was recorded."""
    kept: list[RequestContext] = []
    sink = kept.append
    add_sink(sink)
    yield kept
    remove_sink(sink)


def sending(kind: str = "chat", **body: Any) -> Sending:
    virtual_key = acting_as("ann", "", RoutingTable(), 0.0)
    assert virtual_key is not None
    body = {"model": "light/x", "messages": [{"role": "user", "content": "hi"}], **body}
    return Sending(CONVERSATIONS[kind], json.dumps(body).encode(), virtual_key)


async def told(order: Sending) -> list[dict[str, Any]]:
    return [json.loads(line) async for line in carry(order)]


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [event["event"] for event in events]


async def test_it_works(request_contexts: list[RequestContext]) -> None:
    """Decision first, then the answer, then who gave it and how long it took."""
    with Upstream(Sse(shapes.stream("Hel", "lo"))) as upstream:
        snapshot.install(chain(provider("a", upstream)))
        events = await told(sending(stream=True))
    assert kinds(events)[:2] == ["decision", "head"]
    assert kinds(events)[-2:] == ["attempt", "end"]
    decision, head, end = events[0]["decision"], events[1], events[-1]
    assert decision["reason"] == "virtual_model"
    assert [one["provider"] for one in decision["candidates"]] == ["a"]
    assert head["status"] == 200
    assert ["x-pointsman-provider", "a"] in head["headers"]
    said = "".join(event["text"] for event in events if event["event"] == "data")
    assert '"Hel"' in said
    assert said.endswith("data: [DONE]\n\n")
    assert end["outcome"] == "ok"
    assert end["first_token_ms"] <= end["duration_ms"]
    (request_context,) = request_contexts
    assert request_context.virtual_key is not None
    assert request_context.virtual_key.name == "ann (playground)"
    assert request_context.id == end["request_id"]


async def test_a_failover_is_told_attempt_by_attempt() -> None:
    with Upstream(Json({}, 500)) as bad, Upstream(Json(shapes.completion("fine"))) as good:
        snapshot.install(chain(provider("bad", bad), provider("good", good)))
        events = await told(sending())
    attempts = [event["attempt"] for event in events if event["event"] == "attempt"]
    assert [(one["provider"], one["outcome"]) for one in attempts] == [
        ("bad", "retryable"),
        ("good", "ok"),
    ]
    assert events[-1]["fallback"] == "target"
    assert events[-1]["usage"]["prompt"] == 7


async def test_anthropics_protocol_is_spoken_where_it_is_chosen() -> None:
    with Upstream(Json(shapes.completion("fine"))) as upstream:
        snapshot.install(chain(provider("a", upstream)))
        events = await told(sending("messages", max_tokens=9))
    said = "".join(event["text"] for event in events if event["event"] == "data")
    assert json.loads(said)["content"] == [{"type": "text", "text": "fine"}]


async def test_a_refusal_is_told_with_what_stood_behind_it() -> None:
    """No way: the decision and the error; a request that cannot be read has no decision."""
    snapshot.install(chain(provider("off", "http://127.0.0.1:9/v1", enabled=False)))
    events = await told(sending())
    assert kinds(events) == ["decision", "head", "data", "end"]
    assert events[0]["decision"]["rejections"][0]["reason"] == "provider_disabled"
    assert events[1]["status"] == 503
    unreadable = await told(sending(messages="none"))
    assert kinds(unreadable) == ["head", "data", "end"]
    assert unreadable[0]["status"] == 400


async def test_characters_cut_by_the_network_arrive_whole() -> None:
    whole = shapes.chunk({"content": "ü"}).replace(b"\\u00fc", "ü".encode())
    cut = whole.index("ü".encode()) + 1
    events = [whole[:cut], whole[cut:], shapes.chunk({}, "stop"), shapes.DONE]
    with Upstream(Sse(events, pause=0.05)) as upstream:
        snapshot.install(chain(provider("a", upstream)))
        answer = await told(sending(stream=True))
    said = "".join(event["text"] for event in answer if event["event"] == "data")
    assert "ü" in said
    assert "�" not in said


@pytest.mark.parametrize("reply", [Hang(), Sse(shapes.stream("a", "b")[:2], then="hang")])
async def test_leaving_ends_the_request(reply: Any, request_contexts: list[RequestContext]) -> None:
    """Before the first byte and in the midst of a stream; it is recorded as cancelled."""
    with Upstream(reply) as upstream:
        snapshot.install(chain(provider("a", upstream)))
        events = carry(sending(stream=True))
        await anext(events)
        deadline = time.monotonic() + 5
        while not upstream.asked and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        await events.aclose()
        while upstream.asked[0].left_at is None and time.monotonic() < deadline:
            await asyncio.sleep(0.01)
        assert upstream.asked[0].left_at is not None
    assert [str(request_context.outcome) for request_context in request_contexts] == ["cancelled"]


async def test_a_slow_browser_holds_the_upstream_back() -> None:
    """Events wait in a bounded queue; none is lost."""
    pieces = [f"{number} " for number in range(500)]
    with Upstream(Sse(shapes.stream(*pieces))) as upstream:
        snapshot.install(chain(provider("a", upstream)))
        said = ""
        async for line in carry(sending(stream=True)):
            event = json.loads(line)
            said += event.get("text", "")
            if event["event"] == "head":
                await asyncio.sleep(0.3)
    assert said.count('"content"') >= 500


async def test_content_is_kept_where_it_is_logged(
    settings: Settings, request_contexts: list[RequestContext]
) -> None:
    settings.LOG_CONTENT = True
    with Upstream(Json(shapes.completion("fine"))) as upstream:
        snapshot.install(chain(provider("a", upstream)))
        await told(sending())
    assert request_contexts[0].content is not None
    assert b"fine" in b"".join(request_contexts[0].content.answer)


def keys(**virtual_keys: VirtualKey) -> RoutingTable:
    return RoutingTable(
        virtual_keys={name.encode(): virtual_key for name, virtual_key in virtual_keys.items()}
    )


def test_a_key_is_acted_as_by_its_id_with_the_operator_beside_it() -> None:
    scopes = frozenset({"inference"})
    table = keys(
        good=VirtualKey("key-1", "Build", scopes, profile="p", local_only=True),
        off=VirtualKey("key-2", "Off", scopes, enabled=False),
        old=VirtualKey("key-3", "Old", scopes, expires_at=99.0),
        read=VirtualKey("key-4", "Read", frozenset({"governance:read"})),
    )
    acted = acting_as("ann", "key-1", table, 100.0)
    assert acted is not None
    assert (acted.id, acted.name) == ("key-1", "Build: ann (playground)")
    assert (acted.profile, acted.local_only) == ("p", True)
    assert [acting_as("ann", f"key-{number}", table, 100.0) for number in (2, 3, 4, 5)] == [
        None
    ] * 4
