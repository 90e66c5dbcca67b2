"""Stop strings, against looking for them in the whole text."""

from hypothesis import given
from hypothesis import strategies as st

from inference.values.stops import Stops

letters = st.text("ab\n", min_size=0, max_size=6)
stop_lists = st.lists(st.text("ab\n", min_size=1, max_size=4), max_size=4).map(tuple)


def run(pieces: list[str], stops: tuple[str, ...]) -> tuple[str, str | None]:
    """What came out, and the stop string that ended it."""
    matcher = Stops(stops)
    out = "".join(matcher.feed(piece) for piece in pieces)
    return out + matcher.finish(), matcher.matched


def in_whole_text(text: str, stops: tuple[str, ...]) -> tuple[str, str | None]:
    """The same by the plainest means: try every end, then every start before it."""
    for end in range(len(text) + 1):
        for start in range(end):
            if text[start:end] in stops:
                return text[:start], text[start:end]
    return text, None


@given(st.lists(letters, max_size=12), stop_lists)
def test_the_borders_of_the_pieces_make_no_difference(
    pieces: list[str], stops: tuple[str, ...]
) -> None:
    assert run(pieces, stops) == in_whole_text("".join(pieces), stops)


@given(st.lists(letters, max_size=12), stop_lists)
def test_no_stop_string_ever_comes_out(pieces: list[str], stops: tuple[str, ...]) -> None:
    out, _ = run(pieces, stops)
    assert not any(stop in out for stop in stops)


@given(st.lists(letters, max_size=12), stop_lists)
def test_only_what_may_begin_a_stop_string_is_held_back(
    pieces: list[str], stops: tuple[str, ...]
) -> None:
    matcher = Stops(stops)
    whole, out = "", ""
    for piece in pieces:
        out += matcher.feed(piece)
        whole += piece
        if matcher.matched is not None:
            return
        held = whole[len(out) :]
        assert held == "" or any(stop.startswith(held) and stop != held for stop in stops)


def test_nothing_comes_after_the_stop() -> None:
    matcher = Stops(("END",))
    assert [matcher.feed(p) for p in ("one E", "ND two", "three")] == ["one ", "", ""]
    assert matcher.finish() == ""
    assert matcher.matched == "END"


def test_the_longer_of_two_that_end_together_is_named() -> None:
    assert run(["a-```b"], ("```", "-```")) == ("a", "-```")
