"""How deep JSON is nested, as a reader of one character after another would tell."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inference.values import bounds
from inference.values.bounds import NESTING
from inference.values.parsed_request import BadRequest
from inference.values.parsing import envelope

TRICKS = ('"', "\\", '\\"', "[", "]", "{", "}", "[[[{", "}]]]", "\\u005b", "\\n", "\\\\", "x", "é")
LONG = "[{\\n" * 1100
"""So long that what holds it is taken apart."""


def depth(text: str) -> int:
    deepest = level = 0
    inside = escaped = False
    for one in text:
        if inside:
            if escaped or one == "\\":
                escaped = not escaped
            elif one == '"':
                inside = False
        elif one == '"':
            inside = True
        elif one in "[{":
            level += 1
            deepest = max(deepest, level)
        elif one in "]}":
            level -= 1
    return deepest


def string(pieces: list[str]) -> str:
    escapes = {'"': '\\"', "\\": "\\\\"}
    return '"' + "".join(escapes.get(piece, piece) for piece in pieces) + '"'


def wrapped(value: str, levels: int, shape: str) -> str:
    """Within so many objects and arrays, by turns as the shape has them."""
    for place in range(levels):
        value = f'{{"a":{value}}}' if shape[place % len(shape)] == "{" else f"[1,{value}]"
    return value


def bare(levels: int) -> str:
    """As few bytes as that takes."""
    return "[" * levels + "]" * levels


blanks = st.sampled_from(["", " ", "\n  ", " " * 150])
strings = st.lists(st.sampled_from(TRICKS) | st.just(LONG), max_size=5).map(string)
names = st.sampled_from(['"a"', '"b"', '"[[["', '"\\""', '"é"'])
deep = st.builds(
    wrapped,
    st.sampled_from(["[]", "{}", "1", '"]"', string([LONG])]),
    st.integers(0, NESTING + 2),
    st.sampled_from(["[", "{", "[{", "{{["]),
)


def arrays(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.builds(
        lambda items, blank: f"[{blank}{f'{blank},'.join(items)}]",
        st.lists(inner, max_size=4),
        blanks,
    )


def objects(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Of few names, so that some stand twice."""
    return st.builds(
        lambda items, blank: (
            f"{{{blank}" + ",".join(f"{name}:{blank}{value}" for name, value in items) + "}"
        ),
        st.lists(st.tuples(names, inner), max_size=5),
        blanks,
    )


values = st.recursive(
    strings | deep | st.sampled_from(["1", "null", "-1e5", '""', "1" * 200]),
    lambda inner: arrays(inner) | objects(inner),
    max_leaves=12,
)


def refused(body: str) -> bool:
    try:
        envelope(body.encode())
    except BadRequest as error:
        return "nested deeper" in error.message
    return False


TOO_DEEP = wrapped("1", NESTING, "[")


@settings(max_examples=300, deadline=None)
@given(body=objects(values))
@example(body=f'{{"a":{bare(NESTING)},"a":{string([LONG])}}}')
@example(body=f'{{"x":[{{"a":{TOO_DEEP},"b":{string([LONG])},"a":1}}]}}')
@example(body=f'{{"x":[{string([LONG])},{bare(NESTING - 2)}]}}')
@example(body=f'{{"x":[{string([LONG])},{bare(NESTING - 1)}]}}')
@example(body=f'{{"x":[{{"b":{string([LONG])},"a":{bare(NESTING - 2)}}}]}}')
@example(body=f'  {{"x":{string([LONG])}}}  ')
def test_as_read_character_by_character(body: str) -> None:
    assert refused(body) == (depth(body) > NESTING)


@pytest.mark.parametrize("short", [0, 100])
def test_whatever_is_taken_apart(short: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is too small for it the bound is met as well."""
    monkeypatch.setattr(bounds, "_SHORT", short)
    test_as_read_character_by_character()


@pytest.mark.parametrize("twice", ["x", "y"])
def test_a_value_whose_name_comes_again(twice: str) -> None:
    """It is not among the fields, and nested all the same."""
    many = ",".join(f'"{place}":1' for place in range(500))
    body = f'{{{many},"x":{TOO_DEEP},"{twice}":{string([LONG])}}}'
    assert refused(body)
    assert refused(f'{{"messages":[{body}]}}')


def test_a_great_many_small_things() -> None:
    """They are not taken apart, and found too deep."""
    many = ",".join(["[]"] * 200_000)
    assert refused(f'{{"x":[{many},{wrapped("1", NESTING - 1, "[")}]}}')
    assert not refused(f'{{"x":[{many},{wrapped("1", NESTING - 2, "[")}]}}')
