"""A failure before the commit moves on to a provider of the other protocol, unseen."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from inference.protocols.sse import Parser
from tests.inference.tables import HEADERS
from tests.service.pairs.talk import ADD, Answer, Call, Talk, Tokens, Tool, asking
from tests.service.pairs.world import CALLERS, HTTP, PROTOCOLS, SCRIPTS, Script, World, world
from tests.support.upstream import Cut, Hang, Json, Reply, Sse

GOOD = Answer(
    ("Hello", " there"),
    ("Hm",),
    (Call("call_1", "add", {"a": 1, "b": 2}),),
    "calls",
    tokens=Tokens(prompt=9, completion=4, cached=3, reasoning=1),
)
TALK = asking(
    "Hi",
    system=("Be brief.",),
    tools=(Tool("add", ADD, "Adds."),),
    effort="low",
    max_tokens=8000,
)


def _begun(script: Script) -> list[bytes]:
    return script.opening()[:1]


FAILS: dict[str, Callable[[Script], Reply]] = {
    "401": lambda script: script.error(401, "bad key"),
    "404": lambda script: script.error(404, "no such model"),
    "429": lambda script: script.error(429, "slow down", **{"retry-after": "9"}),
    "500": lambda script: script.error(500, "oops"),
    "529": lambda script: script.error(529, "overloaded"),
    "HTML": lambda script: Json(b"<html>", 200),
    "closed": lambda script: Cut(),
    "silent": lambda script: Hang(),
    "dies after the head": lambda script: Sse([], then="cut"),
    "dies after its first event": lambda script: Sse(_begun(script), then="cut"),
    "ends early": lambda script: Sse(_begun(script)),
    "error event": lambda script: Sse([*_begun(script), script.error_event("overloaded")]),
    "error in a whole answer": lambda script: Json(script.error(500, "oops").body, 200),
    "no JSON": lambda script: Sse([b"data: {nope\n\n"]),
    "only comments": lambda script: Sse([b": hm\n\n"], then="hang"),
}


@pytest.fixture(scope="module")
def hasty() -> Iterator[World]:
    """Providers that are given up after half a second of silence, or one in the middle: a
    busy machine may hold up an answer that is under way."""
    with world(first_event_timeout=0.5, idle_timeout=1.0) as made:
        yield made


@pytest.mark.parametrize("fails", FAILS.values(), ids=FAILS.keys())
@pytest.mark.parametrize("first", PROTOCOLS)
@pytest.mark.parametrize("caller", CALLERS)
def test_the_other_protocol_answers(
    hasty: World, caller: str, first: str, stream: bool, fails: Callable[[Script], Reply]
) -> None:
    """The SDK sees one clean answer; the second provider is asked for everything, in its words."""
    second = next(name for name in PROTOCOLS if name != first)
    hasty.fresh()
    reply = fails(SCRIPTS[first])
    hasty.providers[first].script(reply)
    hasty.providers[second].script(SCRIPTS[second].reply(GOOD, stream=stream))
    got = hasty.callers[caller].ask(TALK, f"to-{first}-{second}/light", stream=stream)
    assert got.plain() == GOOD.plain()
    assert (got.stop, got.tokens) == (GOOD.stop, GOOD.tokens)
    # A kept connection that closes without a word may have been idle: it is tried once more.
    assert len(hasty.providers[first].asked) <= (2 if reply == Cut() else 1)
    [asked] = hasty.providers[second].asked
    assert SCRIPTS[second].heard(asked.body).plain() == TALK.plain()
    assert asked.body["model"] == f"{second}-model"


@pytest.mark.parametrize("first", PROTOCOLS)
@pytest.mark.parametrize("caller", PROTOCOLS)
def test_nothing_of_the_first_is_seen(hasty: World, caller: str, first: str) -> None:
    """One start, one end, no event of an abandoned answer, and headers that tell who answered."""
    second = next(name for name in PROTOCOLS if name != first)
    begun = [*_begun(SCRIPTS[first]), SCRIPTS[first].error_event("overloaded")]
    hasty.fresh()
    hasty.providers[first].script(Sse(begun))
    hasty.providers[second].script(Sse(SCRIPTS[second].events(GOOD)))
    asker = hasty.callers[caller]
    body = {**asker.fields(TALK, f"to-{first}-{second}/light"), "stream": True}
    answer = HTTP.post(hasty.gateway.url + asker.path, json=body, headers=HEADERS)
    assert answer.headers["x-pointsman-provider"] == second
    assert answer.headers["x-pointsman-fallback"] == "target"
    assert answer.headers["x-pointsman-attempts"] == "2"
    assert "overloaded" not in answer.text
    events = Parser().feed(answer.content)
    if caller == "anthropic":
        names = [event.name for event in events]
        assert names.count(b"message_start") == names.count(b"message_stop") == 1
        assert names[-1] == b"message_stop"
    else:
        assert [event.data for event in events].count(b"[DONE]") == 1
        chunks = [json.loads(event.data) for event in events[:-1]]
        assert sum("role" in c["choices"][0]["delta"] for c in chunks if c["choices"]) == 1
        assert len({chunk["id"] for chunk in chunks}) == 1


@pytest.mark.parametrize("caller", CALLERS)
def test_pings_while_the_first_is_silent(caller: str) -> None:
    """A stream opened early for a sign of life still fails over, and ends as one clean answer."""
    with world(first_event_timeout=0.5, heartbeat=0.1) as made:
        made.providers["openai"].script(Hang())
        made.providers["anthropic"].script(Sse(SCRIPTS["anthropic"].events(GOOD)))
        got = made.callers[caller].ask(TALK, "to-openai-anthropic/light", stream=True)
    assert got.plain() == GOOD.plain()


@pytest.mark.parametrize("caller", PROTOCOLS)
def test_what_the_first_cannot_express_goes_to_who_can(hasty: World, caller: str) -> None:
    """A field that is refused for one protocol is no failure where another one takes it."""
    hasty.fresh()
    own = caller
    other = next(name for name in PROTOCOLS if name != own)
    hasty.providers[own].script(Json(SCRIPTS[own].whole(Answer(("Yes",)))))
    hasty.providers[other].script(Json({}))
    fields: dict[str, dict[str, Any]] = {
        "openai": {"n": 1, "logprobs": True},
        "anthropic": {"container": "c_1"},
    }
    field = fields[caller]
    asker = hasty.callers[caller]
    body = {**asker.fields(Talk(TALK.turns), f"to-{other}-{own}/light"), **field}
    answer = HTTP.post(hasty.gateway.url + asker.path, json=body, headers=HEADERS)
    assert answer.status_code == 200
    assert answer.headers["x-pointsman-provider"] == own
    assert not hasty.providers[other].asked
    assert field.items() <= hasty.providers[own].asked[0].body.items()


@pytest.mark.parametrize("caller", PROTOCOLS)
def test_what_nobody_can_express_names_the_field(hasty: World, caller: str) -> None:
    """400 with the field, in the caller's form, and no provider was asked."""
    hasty.fresh()
    other = next(name for name in PROTOCOLS if name != caller)
    hasty.providers[other].script(Json({}))
    name, value = {"openai": ("n", 2), "anthropic": ("container", "c_1")}[caller]
    asker = hasty.callers[caller]
    body = {**asker.fields(TALK, f"to-{other}/light"), name: value}
    answer = HTTP.post(hasty.gateway.url + asker.path, json=body, headers=HEADERS)
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error["type"] == "invalid_request_error"
    assert error["param"] == name
    assert f"`{name}`" in error["message"]
    assert not hasty.providers[other].asked
