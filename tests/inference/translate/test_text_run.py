"""A run of text is translated at once, and becomes what it would have become event by event."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.endpoints.registry import translator_for
from inference.translate.base import StreamTranslator
from inference.translate.event_stream import EventStream
from tests.inference.translate.support import chat_ask, messages_ask, named, responses_ask, sse

TEXTS = st.lists(
    st.text(max_size=12)
    | st.sampled_from(
        ['"', "\\", "\n", "index", "text", "content", "\u2028", "\ud7ff", "/", "\x7f"]
    ),
    max_size=12,
)
ASKS = {"chat": chat_ask, "messages": messages_ask, "responses": responses_ask}
PAIRS = [
    ("chat", "anthropic"),
    ("messages", "openai"),
    ("messages", "anthropic"),
    ("responses", "anthropic"),
    ("responses", "openai"),
]


def of_anthropic(turns: list[list[str]]) -> bytes:
    """A text block for each turn, with thinking between them."""
    usage = {"input_tokens": 9, "output_tokens": 1}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {"id": "m", "model": "c", "usage": usage}}
    ]
    index = 0
    for texts in turns:
        for kind, deltas in (
            ("text", [{"type": "text_delta", "text": text} for text in texts]),
            ("thinking", [{"type": "thinking_delta", "thinking": "hm"}]),
        ):
            block = {"type": kind, kind: ""}
            events.append({"type": "content_block_start", "index": index, "content_block": block})
            events += [
                {"type": "content_block_delta", "index": index, "delta": one} for one in deltas
            ]
            events.append({"type": "content_block_stop", "index": index})
            index += 1
    end = {"stop_reason": "end_turn", "stop_sequence": None}
    events.append({"type": "message_delta", "delta": end, "usage": {"output_tokens": 7}})
    return named(*events, {"type": "message_stop"})


def of_openai(turns: list[list[str]]) -> bytes:
    """Text in pieces, with a call behind every turn."""
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    for position, texts in enumerate(turns):
        deltas += [{"content": text} for text in texts]
        call = {"id": f"c{position}", "function": {"name": "f", "arguments": "{}"}}
        deltas.append({"tool_calls": [{"index": position, "type": "function", **call}]})

    def chunk(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": reason}
        frame = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "m"}
        return {**frame, "choices": [choice]}

    return sse(*(chunk(one) for one in deltas), chunk({}, "tool_calls"))


STREAMS = {"anthropic": of_anthropic, "openai": of_openai}


def opened(caller: str, upstream: str) -> StreamTranslator:
    request = ASKS[caller](stream=True)
    return translator_for(caller, upstream).stream(request, "text/event-stream")


def without_times(out: bytes) -> bytes:
    """The creation times of two streams may lie a second apart."""
    return re.sub(rb'"created(_at)?":\d+|"(resp|msg|rs|fc)_\w+"', b"-", out)


@settings(max_examples=60)
@given(
    pair=st.sampled_from(PAIRS),
    turns=st.lists(TEXTS, min_size=1, max_size=3),
    cuts=st.lists(st.integers(1, 4000), max_size=12),
    whole=st.booleans(),
)
def test_it_makes_no_difference(
    pair: tuple[str, str], turns: list[list[str]], cuts: list[int], whole: bool
) -> None:
    body = STREAMS[pair[1]](turns)
    runs, slow = opened(*pair), opened(*pair)
    assert isinstance(slow, EventStream)
    slow._looks = 0
    # Cut anywhere, or between events as most servers write them.
    events = [one + b"\n\n" for one in body.split(b"\n\n")[:-1]]
    edges = sorted({0, *(cut for cut in cuts if cut < len(body)), len(body)})
    pieces = events if whole else [body[a:b] for a, b in pairwise(edges)]
    out = [b"".join([*map(one.feed, pieces), one.end()]) for one in (runs, slow)]
    assert without_times(out[0]) == without_times(out[1])
    assert (runs.usage, runs.model, runs.finish_reason) == (
        slow.usage,
        slow.model,
        slow.finish_reason,
    )
    assert (runs.finished, runs.failure) == (slow.finished, slow.failure)


@pytest.mark.parametrize("pair", PAIRS[:3])
def test_a_run_is_not_read_event_by_event(
    pair: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    body = STREAMS[pair[1]]([[f"word {number}" for number in range(100)]])
    stream, read = opened(*pair), 0
    assert isinstance(stream, EventStream)
    kept: Any = type(stream)._event

    def counted(self: Any, name: bytes, data: bytes) -> bytes:
        nonlocal read
        read += 1
        return bytes(kept(self, name, data))

    monkeypatch.setattr(type(stream), "_event", counted)
    out = b"".join(stream.feed(one + b"\n\n") for one in body.split(b"\n\n")[:-1])
    assert all(json.dumps(f"word {number}").encode() in out for number in range(100))
    assert read < 20


def test_what_is_no_text_ends_the_stream_as_ever() -> None:
    """Bytes that are not UTF-8, in the middle of a run."""
    body = of_anthropic([["one", "two", "three", "four"]])
    stream = opened("chat", "anthropic")
    for event in body.replace(b"three", b"\xff").split(b"\n\n")[:-1]:
        stream.feed(event + b"\n\n")
    assert stream.failure is not None
    assert stream.failure.code == "malformed"
