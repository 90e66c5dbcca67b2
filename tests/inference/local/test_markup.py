"""Reasoning, tool calls and content told apart, wherever the text is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.local.markup import Markers, Markup, MarkupPiece, Section

MARKERS = {
    Section.REASONING: Markers("<think>", "</think>"),
    Section.TOOL_CALL: Markers("<tool_call>", "</tool_call>"),
}
TEXTS = [
    ("plain text < with > brackets", [("content", "plain text < with > brackets")]),
    ("<think>why</think>\n\nbecause", [("reasoning", "why"), ("content", "because")]),
    ("a <tool_call>\n{}\n</tool_call>", [("content", "a "), ("tool_call", "{}\n")]),
    (
        "<tool_call>1</tool_call>\n<tool_call>2</tool_call>",
        [("tool_call", "1"), ("tool_call", "2")],
    ),
    ("<tool_call></tool_call>x", [("tool_call", ""), ("content", "x")]),
    ("<think><tool_call></think>y", [("reasoning", "<tool_call>"), ("content", "y")]),
    ("cut <tool_c", [("content", "cut <tool_c")]),
    ("open <tool_call>{", [("content", "open "), ("tool_call", "{")]),
]


def joined(pieces: list[MarkupPiece]) -> list[tuple[str, str]]:
    """Neighbouring pieces of a section as one; tool calls stay apart."""
    result: list[tuple[str, str]] = []
    for piece in pieces:
        name = piece.section.value
        if result and result[-1][0] == name != "tool_call":
            result[-1] = (name, result[-1][1] + piece.text)
        else:
            result.append((name, piece.text))
    return result


@pytest.mark.parametrize(("text", "expected"), TEXTS)
def test_letter_by_letter(text: str, expected: list[tuple[str, str]]) -> None:
    markup = Markup(MARKERS)
    pieces = [piece for letter in text for piece in markup.feed(letter)]
    assert joined(pieces + list(markup.finish())) == expected


@given(st.sampled_from(TEXTS), st.data())
def test_any_cut_gives_the_same(
    case: tuple[str, list[tuple[str, str]]], data: st.DataObject
) -> None:
    text, expected = case
    cut = data.draw(st.integers(0, len(text)))
    markup = Markup(MARKERS)
    pieces = [*markup.feed(text[:cut]), *markup.feed(text[cut:]), *markup.finish()]
    assert joined(pieces) == expected


def test_a_tool_call_that_was_cut_off_says_so() -> None:
    markup = Markup(MARKERS)
    assert list(markup.feed("<tool_call>{")) == []
    assert list(markup.finish()) == [MarkupPiece(Section.TOOL_CALL, "{", closed=False)]


def test_a_call_without_closing_marker_lasts_to_the_end() -> None:
    """Some models open their calls and simply stop after them."""
    markup = Markup({Section.TOOL_CALL: Markers("[TOOL_CALLS]", "")})
    assert list(markup.feed("[TOOL_CALLS][1, 2]")) == []
    assert list(markup.finish()) == [MarkupPiece(Section.TOOL_CALL, "[1, 2]", closed=False)]


def test_reasoning_may_be_open_from_the_start() -> None:
    """Some chat templates end with the opening marker."""
    markup = Markup(MARKERS, Section.REASONING)
    assert joined([*markup.feed("\nhm</think>so"), *markup.finish()]) == [
        ("reasoning", "hm"),
        ("content", "so"),
    ]
