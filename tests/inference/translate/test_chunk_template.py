"""Events that are alike pass unread; whatever the gateway has to know of does not."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference.translate.chat.chunk_template import ChunkTemplate
from inference.translate.chat.passthrough import ChatPassThroughStream
from inference.translate.event_stream import EventStream

TEXTS = st.text(max_size=12) | st.sampled_from(
    ['"error"', '"finish_reason":"stop"', "[DONE]", "\n\n", "data: {", "\u2028", "\\", '"}']
)


def event(delta: Any, *, reason: str | None = None, spaced: bool = False, **more: Any) -> bytes:
    chunk = {
        "id": "chatcmpl-1",
        "model": "m",
        "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
        **more,
    }
    return _written(chunk, spaced=spaced)


def _written(chunk: Any, *, spaced: bool = False) -> bytes:
    return (
        b"data: " + json.dumps(chunk, separators=None if spaced else (",", ":")).encode() + b"\n\n"
    )


def said(*texts: str, field: str = "content", spaced: bool = False) -> bytes:
    return b"".join(event({field: text}, spaced=spaced) for text in texts)


@pytest.mark.parametrize("spaced", [False, True])
@pytest.mark.parametrize("field", ["content", "reasoning_content", "reasoning"])
def test_a_text_is_recognised(field: str, spaced: bool) -> None:
    block = said("one", 'with "quotes"', "", "\\", field=field, spaced=spaced)
    template = ChunkTemplate.of(block)
    assert template is not None
    assert template.length(block) == len(block)


@given(st.lists(st.integers(0, 5), max_size=5), st.integers(0, 30), st.integers(0, 30))
def test_a_block_is_covered_where_its_length_is_all_of_it(
    kinds: list[int], skipped: int, cut: int
) -> None:
    """However events are mixed, and wherever the block begins and ends."""
    known = (
        *(said("one"), said("two\n\n"), said("")),
        *(event({}, reason="stop"), b": comment\n\n", event({"content": '"error"'})),
    )
    template = ChunkTemplate.of(said("x"))
    assert template is not None
    whole = b"".join(known[one] for one in kinds)
    for block in (whole, whole[skipped:], whole[: len(whole) - cut], whole[skipped : -cut or None]):
        assert template.covers(block) == (0 < len(block) == template.length(block))


def test_the_length_ends_where_another_kind_begins() -> None:
    text, end = said("one", "two"), event({}, reason="stop") + b"data: [DONE]\n\n"
    template = ChunkTemplate.of(text)
    assert template is not None
    assert template.length(text + end) == len(text)
    assert template.length(end + text) == 0
    assert template.length(text + b": comment\n\n" + text) == 0


@pytest.mark.parametrize(
    "block",
    [
        event({"content": "x"}, reason="stop"),
        event({"content": "x"}, usage={"prompt_tokens": 1}),
        event({"content": "x"}, error={"message": "no"}),
        event({"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]}),
        event({"role": "assistant"}),
        b"data: [DONE]\n\n",
        b": comment\n\n",
        b"",
    ],
    ids=["finish", "usage", "error", "tool", "role", "done", "comment", "empty"],
)
def test_what_says_more_than_text_has_no_template(block: bytes) -> None:
    assert ChunkTemplate.of(block) is None


EVENTS = st.one_of(
    st.builds(
        lambda text, field, spaced: said(text, field=field, spaced=spaced),
        TEXTS,
        st.sampled_from(["content", "reasoning_content", "reasoning"]),
        st.booleans(),
    ),
    st.lists(TEXTS, min_size=2, max_size=6).map(lambda texts: said(*texts)),
    TEXTS.map(lambda text: event({"role": "assistant", "content": text})),
    TEXTS.map(lambda text: event({"content": text}, model="another")),
    TEXTS.map(lambda text: event({"content": text}, reason="length")),
    st.just(event({"tool_calls": [{"index": 0, "function": {"arguments": '"error"'}}]})),
    st.just(_written({"id": "chatcmpl-1", "choices": [], "usage": {"prompt_tokens": 7}})),
    st.just(event({"content": "x"}, usage={"prompt_tokens": 3, "completion_tokens": 1})),
    st.just(_written({"error": {"message": "overloaded"}})),
    st.just(event({"content": "x"}, error={"message": "broken"})),
    st.just(b": comment\n\n"),
    st.just(b"event: ping\ndata: {}\n\n"),
    st.just(b"data: [DONE]\n\n"),
)


@given(
    first=TEXTS.filter(bool),
    events=st.lists(EVENTS, max_size=12),
    cuts=st.lists(st.integers(0, 2000), max_size=4),
    wants_usage=st.booleans(),
)
def test_what_passes_unread_comes_out_as_if_it_was_read(
    first: str, events: list[bytes], cuts: list[int], wants_usage: bool
) -> None:
    """The short way and the long way say and know the same, wherever the stream is cut."""
    stream = said(first) + b"".join(events) + event({}, reason="stop") + b"data: [DONE]\n\n"
    quick, slow = (
        ChatPassThroughStream(wants_usage=wants_usage),
        ChatPassThroughStream(wants_usage=wants_usage),
    )
    quick_out = slow_out = b""
    borders = sorted({0, len(stream), *(cut % len(stream) for cut in cuts)})
    for start, end in itertools.pairwise(borders):
        quick_out += quick.feed(stream[start:end])
        slow_out += EventStream.feed(slow, stream[start:end])
    assert quick_out == slow_out
    assert (quick.usage, quick.failure, quick.finished, quick.committed) == (
        slow.usage,
        slow.failure,
        slow.finished,
        slow.committed,
    )
    assert quick.finish_reason == slow.finish_reason
