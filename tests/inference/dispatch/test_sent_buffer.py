"""What a stream has said is kept up to a bound, and what is no text is not kept at all."""

from __future__ import annotations

import msgspec

from governance.routing.request import RoutingRequest
from inference.dispatch.sent_buffer import LIMIT, SentBuffer
from inference.translate.chat.caller import ChatCaller
from inference.values.parsed_request import ParsedRequest
from tests.support import openai_shapes as shapes

REQUEST = ParsedRequest(routing_request=RoutingRequest(), body=b"{}", fields={})


def test_it_keeps_what_was_said() -> None:
    buffer = SentBuffer(ChatCaller(), REQUEST)
    for word in ("one ", "two "):
        buffer.add(shapes.chunk({"content": word}))
    sent = buffer.read()
    assert sent is not None
    assert sent.text == "one two "


def test_it_is_bounded() -> None:
    """Events are read when there are many; beyond the bound the stream cannot be continued."""
    buffer = SentBuffer(ChatCaller(), REQUEST)
    word = shapes.chunk({"content": "x" * 100})
    for _ in range(1000):
        buffer.add(word)
        assert buffer._size <= LIMIT // 4 + len(word)
    assert buffer.read() is not None
    for _ in range(2000):
        buffer.add(word)
    assert buffer.read() is None
    assert not buffer._chunks


def test_what_is_no_text_is_let_go() -> None:
    buffer = SentBuffer(ChatCaller(), REQUEST)
    call = {"index": 0, "id": "c", "function": {"name": "add", "arguments": "{}"}}
    buffer.add(shapes.chunk({"tool_calls": [call]}))
    assert buffer.read() is None


def test_what_must_not_be_continued_is_let_go() -> None:
    several = msgspec.structs.replace(REQUEST, fields={"n": msgspec.Raw(b"2")})
    buffer = SentBuffer(ChatCaller(), several)
    buffer.add(shapes.chunk({"content": "one"}))
    assert buffer.read() is None
    assert buffer.lost
