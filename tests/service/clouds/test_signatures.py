"""Thought signatures come back with their calls, whatever the client keeps of an answer."""

from __future__ import annotations

import pytest

from tests.service.clouds.gemini_script import ANY
from tests.service.clouds.world import Clouds
from tests.service.pairs.talk import CITY, Answer, Call, Result, Talk, Tool, User

TOOLS = (Tool("weather", CITY, "Tells the weather."),)
CLOUDS = ("gemini", "vertex-gemini")


@pytest.mark.parametrize("cloud", CLOUDS)
def test_steps_of_one_turn(world: Clouds, caller: str, cloud: str, stream: bool) -> None:
    """Two steps, each signed; the strict upstream knows which call a signature came with."""
    provider = world.providers[cloud]
    steps = [
        Answer(calls=(Call("", "weather", {"city": city}), Call("", "weather", {"city": "x"})),
               stop="calls")
        for city in ("Rome", "東京")
    ]  # fmt: skip
    provider.script(*steps, Answer(("Fine.",)))
    talk = Talk((User("Weather?"),), tools=TOOLS)
    for _ in steps:
        got = world.ask(caller, cloud, talk, stream=stream)
        results = tuple(Result(call.id, "sunny") for call in got.calls)
        talk = Talk((*talk.turns, got, User(results=results)), tools=TOOLS)
    assert world.ask(caller, cloud, talk, stream=stream).text == "Fine."
    assert provider.refused == []
    contents = provider.asked[-1].body["contents"]
    calls = [part for one in contents for part in one["parts"] if "functionCall" in part]
    signatures = [part.get("thoughtSignature") for part in calls]
    assert [bool(one) for one in signatures] == [True, False, True, False]
    assert ANY not in signatures
    turns = [turn for turn in talk.turns if isinstance(turn, Answer)]
    assert len({call.id for turn in turns for call in turn.calls}) == 4


def test_calls_of_another_model(world: Clouds, caller: str) -> None:
    """A history that began elsewhere is not refused."""
    provider = world.providers["gemini"]
    provider.script(Answer(("Fine.",)))
    call = Call("call_9", "weather", {"city": "Rome"})
    turns = (User("Weather?"), Answer(calls=(call,)), User(results=(Result("call_9", "wet"),)))
    got = world.ask(caller, "gemini", Talk(turns, tools=TOOLS), stream=False)
    assert (got.text, provider.refused) == ("Fine.", [])
    part = provider.asked[0].body["contents"][1]["parts"][0]
    assert part["thoughtSignature"] == ANY
