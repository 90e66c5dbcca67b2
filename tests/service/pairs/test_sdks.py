"""The official SDKs, synchronous and asynchronous, notice nothing of the gateway on any pair."""

from __future__ import annotations

import pytest

from tests.service.pairs.talk import (
    ADD,
    CITY,
    IMAGE_URL,
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
from tests.service.pairs.world import PROTOCOLS, Translator, World

TOOLS = (Tool("add", ADD, "Adds."), Tool("weather", CITY, "Tells the weather."))
CALLS = (Call("call_1", "weather", {"city": "Zürich"}), Call("call_2", "weather", {"city": "東京"}))


def test_it_works(pair: Translator, stream: bool, mode: str) -> None:
    """Text arrives to the letter, and the provider was asked what the caller asked."""
    answer = Answer(("Hello", " from", " the far side: ü \u2028 🚂"))
    pair.says(answer, stream=stream)
    talk = asking("Hi ü\u2028", temperature=0, top_p=0, max_tokens=17)
    got = pair.ask(talk, stream=stream, mode=mode)
    assert got.text == answer.text
    assert got.stop == "end"
    assert got.tokens == answer.tokens
    assert pair.heard == talk.plain()
    asked = pair.provider.asked[0]
    assert asked.body["model"] == f"{pair.script.protocol}-model"
    assert bool(asked.body.get("stream")) is stream


@pytest.mark.parametrize("system", [("Be brief.",), ("Be brief.", "Be kind.")], ids=["one", "two"])
def test_system(pair: Translator, stream: bool, mode: str, system: tuple[str, ...]) -> None:
    """A string or blocks, one message or several: every word of the system prompt arrives."""
    pair.says(Answer(("Yes.",)), stream=stream)
    talk = asking("Hi", system=system)
    pair.ask(talk, stream=stream, mode=mode)
    assert pair.heard == talk.plain()


def test_parallel_tool_calls(pair: Translator, stream: bool, mode: str) -> None:
    """Text beside two calls, in order, with their ids; the tools were described in full."""
    pair.says(Answer(("Let me look.",), calls=CALLS, stop="calls"), stream=stream)
    talk = asking("Weather?", tools=TOOLS, tool_choice="auto", parallel=True)
    got = pair.ask(talk, stream=stream, mode=mode)
    assert got.text == "Let me look."
    assert got.calls == CALLS
    assert got.stop == "calls"
    assert pair.heard == talk.plain()


def test_tool_results(pair: Translator, stream: bool, mode: str) -> None:
    """Both results come back under their calls, and what the user adds comes after them."""
    pair.says(Answer(("Sunny in both.",)), stream=stream)
    results = (Result("call_1", "sunny, 18°"), Result("call_2", "sunny, 25°"))
    turns = (
        User("Weather?"),
        Answer(("Let me look.",), calls=CALLS),
        User("In one sentence.", results=results),
    )
    got = pair.ask(Talk(turns, tools=TOOLS), stream=stream, mode=mode)
    assert got.text == "Sunny in both."
    assert pair.heard == Talk(turns, tools=TOOLS).plain()


@pytest.mark.parametrize("choice", ["auto", "any", "none", "add"])
def test_tool_choice(pair: Translator, choice: str) -> None:
    """All four forms, and whether calls may be parallel."""
    pair.says(Answer(("No.",)), stream=False)
    parallel = None if choice == "none" else False
    talk = asking("Hi", tools=TOOLS, tool_choice=choice, parallel=parallel)
    pair.ask(talk, stream=False, mode="sync")
    assert pair.heard == talk.plain()


def test_images(pair: Translator, stream: bool, mode: str) -> None:
    """By URL and as base64, in their order."""
    pair.says(Answer(("A junction.",)), stream=stream)
    images = (Image(url=IMAGE_URL), Image(data=PNG))
    talk = Talk((User("What is this?", images),))
    assert pair.ask(talk, stream=stream, mode=mode).text == "A junction."
    assert pair.heard == talk.plain()


def test_thinking(pair: Translator, stream: bool, mode: str) -> None:
    """Thinking is asked for, shown, and taken back into the history as it was."""
    first = Answer(("Four.",), ("Two and", " two"), tokens=Tokens(reasoning=2))
    pair.says(first, Answer(("Five.",)), stream=stream)
    talk = asking("Two and two?", effort="low", max_tokens=8000)
    got = pair.ask(talk, stream=stream, mode=mode)
    assert (got.text, got.thought) == ("Four.", "Two and two")
    assert got.tokens.reasoning == 2
    assert pair.heard == talk.plain()
    again = Talk((*talk.turns, got, User("And one?")), effort="low", max_tokens=8000)
    pair.ask(again, stream=stream, mode=mode)
    assert pair.heard == again.plain()


def test_structured_output(pair: Translator, stream: bool, mode: str) -> None:
    """The schema arrives as it was written, the answer as text."""
    pair.says(Answer(('{"a": 1,', ' "b": 2}')), stream=stream)
    talk = asking("Two numbers.", schema=ADD)
    assert pair.ask(talk, stream=stream, mode=mode).text == '{"a": 1, "b": 2}'
    assert pair.heard == talk.plain()


@pytest.mark.parametrize("upstream", PROTOCOLS)
@pytest.mark.parametrize("caller", PROTOCOLS)
def test_stop_sequences(
    everyone: World, caller: str, upstream: str, stream: bool, mode: str
) -> None:
    """They arrive, and the one that was met is named. The Responses API knows none."""
    pair = everyone.pair(caller, upstream)
    pair.says(Answer(("One, ",), stop="sequence", sequence="two"), stream=stream)
    talk = asking("Count.", stops=("two", "\n\nHuman:"))
    got = pair.ask(talk, stream=stream, mode=mode)
    assert (got.text, got.stop, got.sequence) == ("One, ", "sequence", "two")
    assert pair.heard == talk.plain()


@pytest.mark.parametrize("stop", ["end", "length", "refusal"])
def test_stop_reasons(pair: Translator, stream: bool, stop: str) -> None:
    pair.says(Answer(("Well",), stop=stop), stream=stream)
    assert pair.ask(asking("Hi"), stream=stream, mode="sync").stop == stop


def test_usage(pair: Translator, stream: bool, mode: str) -> None:
    """Cache reads, cache writes and reasoning are counted once each, in either protocol's sums."""
    tokens = Tokens(prompt=100, completion=20, cached=60, written=30, reasoning=5)
    pair.says(Answer(("Yes.",), tokens=tokens), stream=stream)
    assert pair.ask(asking("Hi"), stream=stream, mode=mode).tokens == tokens
