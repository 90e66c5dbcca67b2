"""An answer growing token by token: here a token is a character's code point."""

import itertools
import json
from collections.abc import Sequence
from typing import Any

from inference.local.answer import (
    Answer,
    AnswerDelta,
    AnswerParse,
    Finish,
    TokenCounts,
    TokenLogprob,
)
from inference.local.detokenizer import Detokenizer
from inference.local.markup import Markers, Section

END = 0
TOOL = AnswerParse(
    markers={
        Section.TOOL_CALL: Markers("<call>", "</call>"),
        Section.REASONING: Markers("<think>", "</think>"),
    },
    parser=lambda text, tools: json.loads(text),
)


def decode(tokens: Sequence[int]) -> str:
    """A token per character."""
    return "".join(chr(token) for token in tokens)


def make(
    max_tokens: int = 1000, stops: tuple[str, ...] = (), reading: AnswerParse = TOOL
) -> Answer:
    """An answer to a prompt of seven tokens."""
    numbers = itertools.count(1)
    return Answer(
        detokenizer=Detokenizer(decode),
        end_tokens={END},
        prompt_tokens=7,
        max_tokens=max_tokens,
        stops=stops,
        reading=reading,
        new_id=lambda: f"call_{next(numbers)}",
    )


def run(text: str, *, end: bool = True, **options: Any) -> tuple[list[AnswerDelta], Finish]:
    """Feed the text until the answer ends."""
    answer = make(**options)
    deltas = []
    for token in [*map(ord, text), *([END] if end else [])]:
        deltas.append(answer.feed(token))
        if answer.finish:
            return deltas, answer.finish
    raise AssertionError("the answer did not end")


def text_of(deltas: list[AnswerDelta]) -> str:
    """All content."""
    return "".join(delta.content for delta in deltas)


def test_it_works() -> None:
    deltas, finish = run("pong")
    assert [delta.content for delta in deltas] == ["p", "o", "n", "g", ""]
    assert finish == Finish("stop", TokenCounts(prompt=7, completion=5))


def test_length_ends_it() -> None:
    deltas, finish = run("pong", max_tokens=2)
    assert text_of(deltas) == "po"
    assert finish == Finish("length", TokenCounts(7, 2))


def test_an_end_token_at_the_limit_is_a_stop() -> None:
    assert run("po", max_tokens=3)[1].reason == "stop"


def test_a_stop_string_ends_it_and_is_named() -> None:
    deltas, finish = run("one, two", stops=(", ", "x"), end=False)
    assert text_of(deltas) == "one"
    assert finish == Finish("stop", TokenCounts(7, 5), matched_stop=", ")


def test_what_may_begin_a_stop_string_comes_out_at_the_end() -> None:
    assert text_of(run("one,", stops=(", ",))[0]) == "one,"
    assert text_of(run("one,", stops=(", ",), max_tokens=4)[0]) == "one,"


def test_a_tool_call_changes_the_finish_reason() -> None:
    deltas, finish = run('so <call>{"name": "f", "arguments": {"x": 1}}</call>')
    (call,) = [call for delta in deltas for call in delta.tool_calls]
    assert (call.id, call.name, call.arguments) == ("call_1", "f", '{"x": 1}')
    assert text_of(deltas) == "so "
    assert finish.reason == "tool_calls"


def test_calls_may_come_in_a_list() -> None:
    both = '<call>[{"name": "f"}, {"name": "g", "arguments": "{}"}]</call>'
    calls = [call for delta in run(both)[0] for call in delta.tool_calls]
    assert [(c.id, c.name, c.arguments) for c in calls] == [
        ("call_1", "f", "{}"),
        ("call_2", "g", "{}"),
    ]


def test_a_call_nobody_can_parse_is_shown_as_written() -> None:
    for text in ("<call>{oops</call>!", "<call>[1]</call>", "<call>{}</call>", "<call>{", "<call>"):
        deltas, finish = run(text)
        assert text_of(deltas) == text
        assert finish.reason == "stop"


def test_a_call_cut_by_the_limit_says_length() -> None:
    assert run('<call>{"name"', max_tokens=10)[1].reason == "length"


def test_markers_mean_nothing_in_a_plain_completion() -> None:
    assert text_of(run("<call>{}</call>", reading=AnswerParse())[0]) == "<call>{}</call>"


def test_reasoning_is_kept_apart_and_counted() -> None:
    deltas, finish = run("<think>hm</think>so")
    assert "".join(delta.reasoning for delta in deltas) == "hm"
    assert text_of(deltas) == "so"
    assert 0 < finish.usage.reasoning < finish.usage.completion


def test_log_probabilities_come_with_their_text() -> None:
    """Held back with it, never for the end token, and none is lost."""
    answer = make(stops=("bX",))
    sent = []
    for token in (*map(ord, "abc"), END):
        sent.append(answer.feed(token, TokenLogprob(token, -1.0)))
    assert [[entry.token for entry in delta.logprobs] for delta in sent] == [
        [ord("a")],
        [],
        [ord("b"), ord("c")],
        [],
    ]
