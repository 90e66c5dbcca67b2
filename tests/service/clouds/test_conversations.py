"""Every caller's protocol on every cloud: what is said arrives, at strict upstreams."""

from __future__ import annotations

from tests.service.clouds.world import Clouds
from tests.service.pairs.talk import (
    CITY,
    PNG,
    Answer,
    Call,
    Image,
    Result,
    Talk,
    Tokens,
    Tool,
    User,
    asking,
)

TOOLS = (Tool("weather", CITY, "Tells the weather."),)
CALLS = (Call("call_1", "weather", {"city": "Zürich"}), Call("call_2", "weather", {"city": "東京"}))


def test_text(world: Clouds, caller: str, cloud: str, stream: bool) -> None:
    """To the letter, with its usage; the cloud heard what the caller said."""
    provider = world.providers[cloud]
    answer = Answer(("Hello", " from", " afar: ü \u2028 🚂"), tokens=Tokens(12, 5))
    provider.script(answer)
    talk = asking("Hi ü\u2028", system=("Be brief.",), temperature=0, max_tokens=17)
    got = world.ask(caller, cloud, talk, stream=stream)
    assert (provider.refused, got.text, got.stop) == ([], answer.text, "end")
    assert got.tokens == answer.tokens
    assert provider.heard == [talk.plain()]


def test_tools(world: Clouds, caller: str, cloud: str, stream: bool) -> None:
    """Two calls, their results in the next turn, and an answer to them."""
    provider = world.providers[cloud]
    provider.script(Answer(("Let me look.",), calls=CALLS, stop="calls"), Answer(("Fine.",)))
    talk = Talk((User("Weather?", (Image(data=PNG),)),), tools=TOOLS, tool_choice="auto")
    got = world.ask(caller, cloud, talk, stream=stream)
    assert (provider.refused, got.text, got.stop) == ([], "Let me look.", "calls")
    assert [(one.name, one.arguments) for one in got.calls] == [
        (one.name, one.arguments) for one in CALLS
    ]
    results = tuple(Result(one.id, "sunny") for one in got.calls)
    after = Talk((*talk.turns, got, User(results=results)), tools=TOOLS, tool_choice="auto")
    assert world.ask(caller, cloud, after, stream=stream).text == "Fine."
    assert provider.refused == []
    first, second = provider.heard
    assert (first, second.turns[:1], second.tools) == (talk.plain(), first.turns, talk.tools)
    said, told = second.turns[1:]
    assert isinstance(said, Answer)
    assert [one.arguments for one in said.calls] == [one.arguments for one in CALLS]
    assert isinstance(told, User)
    assert [one.text for one in told.results] == ["sunny", "sunny"]
    assert [one.call_id for one in told.results] == [one.id for one in said.calls]
