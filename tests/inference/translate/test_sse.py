"""Server-sent events survive any cut, any line ending and any odd but legal form."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.protocols.sse import Event, EventTooLarge, Parser, encode

STREAM = (
    "\ufeff: a comment\n\n"
    'data: {"text": "line\u2028separator, snowman \u2603, \U0001f9ed"}\n\n'
    "event: message_start\ndata: {}\n\n"
    "data:no space\ndata:  two spaces\ndata\n\n"
    "id: 7\nretry: 10\nunknown: x\ndata: kept\n\n"
    "event: without data\n\n\n\n"
    ": ping\ndata: after a comment\n\n"
    "data: [DONE]\n\n"
)
EVENTS = [
    Event(b"", '{"text": "line\u2028separator, snowman \u2603, \U0001f9ed"}'.encode()),
    Event(b"message_start", b"{}"),
    Event(b"", b"no space\n two spaces\n"),
    Event(b"", b"kept"),
    Event(b"", b"after a comment"),
    Event(b"", b"[DONE]"),
]


def parse(*chunks: bytes) -> list[Event]:
    parser = Parser()
    return [event for chunk in chunks for event in parser.feed(chunk)] + parser.end()


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_every_cut_gives_the_same_events(line_end: str) -> None:
    """Two pieces cut at every byte, and all single bytes, parse as the whole does."""
    stream = STREAM.replace("\n", line_end).encode()
    assert parse(stream) == EVENTS
    assert parse(*(bytes([byte]) for byte in stream)) == EVENTS
    for cut in range(len(stream) + 1):
        assert parse(stream[:cut], stream[cut:]) == EVENTS


@given(st.lists(st.integers(0, len(STREAM.encode()))), st.sampled_from(["\n", "\r\n", "\r"]))
def test_many_cuts_give_the_same_events(cuts: list[int], line_end: str) -> None:
    stream = STREAM.replace("\n", line_end).encode()
    borders = [0, *sorted(cuts), len(stream)]
    pieces = (stream[a:b] for a, b in pairwise(borders))
    assert parse(*pieces) == EVENTS


@given(
    st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r"), min_size=1),
    st.text(alphabet="abc_.", max_size=8),
)
def test_what_is_encoded_parses_to_the_same(data: str, name: str) -> None:
    event = Event(name.encode(), data.encode())
    assert parse(encode(event.data, event.name)) == [event]


def test_an_event_leaves_with_the_chunk_that_completes_it() -> None:
    """Nothing waits for the next chunk, in the fast path or out of it."""
    parser = Parser()
    parser.feed(b": start\n\n")
    assert parser.feed(b"data: 1\n\n") == [Event(b"", b"1")]
    assert parser.feed(b"data: 2\n\ndata: 3\n") == [Event(b"", b"2")]
    assert parser.feed(b"\n") == [Event(b"", b"3")]
    assert parser.feed(b"data: 4\r\n\r") == [Event(b"", b"4")]
    assert parser.feed(b"\ndata: 5\r\n\r\n") == [Event(b"", b"5")]


def test_a_last_event_without_its_blank_line_counts() -> None:
    assert parse(b"data: [DONE]") == [Event(b"", b"[DONE]")]
    assert parse(b"data: [DONE]\n") == [Event(b"", b"[DONE]")]


def test_an_endless_event_is_an_error() -> None:
    parser = Parser(limit=100)
    parser.feed(b"data: " + b"x" * 90)
    with pytest.raises(EventTooLarge):
        parser.feed(b"x" * 10)


def test_many_small_events_are_no_endless_one() -> None:
    parser = Parser(limit=100)
    assert len(parser.feed(b"data: x\n\n" * 1000 + b"data: ")) == 1000
