"""An agent's loop: five turns with tools, thinking before each, on every pair."""

from __future__ import annotations

from tests.service.pairs.talk import ADD, CITY, Answer, Call, Result, Talk, Tokens, Tool, User
from tests.service.pairs.world import Translator

TURNS = 5
TOOLS = (Tool("add", ADD, "Adds two numbers."), Tool("weather", CITY, "Tells the weather."))


def calls(turn: int) -> tuple[Call, ...]:
    """Two calls at once in every turn."""
    return (
        Call(f"call_{turn}_add", "add", {"a": turn, "b": 1}),
        Call(f"call_{turn}_weather", "weather", {"city": f"Zürich {turn}"}),
    )


def run(call: Call) -> Result:
    """What the agent's tools return."""
    if call.name == "add":
        return Result(call.id, str(call.arguments["a"] + call.arguments["b"]))
    return Result(call.id, f"sunny in {call.arguments['city']}")


def test_five_turns(pair: Translator, stream: bool, mode: str) -> None:
    """Every request brings the whole history, in order: thoughts, texts, calls and results."""
    steps = [
        Answer((f"Step {turn}.",), (f"Think {turn}.",), calls(turn), "calls")
        for turn in range(TURNS)
    ]
    last = Answer(("Done.",), ("At last.",), tokens=Tokens(reasoning=1))
    pair.says(*steps, last, stream=stream)
    talk = Talk(
        (User("Do five steps."),),
        system=("You are an agent.",),
        tools=TOOLS,
        effort="low",
        max_tokens=8000,
    )
    for turn, step in enumerate(steps):
        got = pair.ask(talk, stream=stream, mode=mode)
        assert pair.heard == talk.plain(), f"the history of turn {turn}"
        assert got.plain() == step.plain()
        assert got.stop == "calls"
        results = tuple(run(call) for call in got.calls)
        talk = Talk(
            (*talk.turns, got, User(results=results)),
            system=talk.system,
            tools=talk.tools,
            effort=talk.effort,
            max_tokens=talk.max_tokens,
        )
    got = pair.ask(talk, stream=stream, mode=mode)
    assert (got.text, got.stop) == ("Done.", "end")
    assert pair.heard == talk.plain()
    assert len(pair.heard.turns) == 1 + 2 * TURNS
    assert len(pair.provider.asked) == TURNS + 1
