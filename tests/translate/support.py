"""Requests and streams in a line, for every test of a translation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from inference.asks import chat
from inference.inbound import Inbound
from inference.sse import Parser, encode
from inference.translate.base import Relay


def js(value: Any) -> bytes:
    return msgspec.json.encode(value)


def chat_ask(**fields: Any) -> Inbound:
    body = {"model": "light/light", "messages": [{"role": "user", "content": "Hello"}], **fields}
    return chat.read(js(body), {})


def sse(*events: Any, done: bool = True) -> bytes:
    """An OpenAI stream: every event a JSON value, `[DONE]` at the end."""
    return b"".join(encode(js(event)) for event in events) + (b"data: [DONE]\n\n" if done else b"")


def delta(content: Any = None, *, finish: str | None = None, index: int = 0, **more: Any) -> Any:
    """A chat chunk that adds `content` and whatever else to the message."""
    fields = {**({} if content is None else {"content": content}), **more}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion.chunk",
        "created": 1700000000,
        "model": "real-model",
        "choices": [{"index": index, "delta": fields, "finish_reason": finish}],
    }


def data_of(stream: bytes) -> list[Any]:
    """The JSON of each event, `[DONE]` as that word."""
    parser = Parser()
    events = [*parser.feed(stream), *parser.end()]
    return [
        "[DONE]" if event.data == b"[DONE]" else msgspec.json.decode(event.data) for event in events
    ]


def play(relay: Relay, *chunks: bytes) -> bytes:
    """All the relay returns for these chunks and a clean close."""
    return b"".join([relay.feed(chunk) for chunk in chunks] + [relay.end()])


def cuts(stream: bytes) -> Iterator[Iterable[bytes]]:
    """The stream in two pieces, cut at every byte, and in single bytes."""
    for cut in range(len(stream) + 1):
        yield stream[:cut], stream[cut:]
    yield [stream[at : at + 1] for at in range(len(stream))]


def assert_cuts_do_not_matter(new_relay: Callable[[], Relay], stream: bytes) -> None:
    """Whatever way the stream arrives, the caller's bytes and the relay's verdict are the same."""
    whole = new_relay()
    expected = play(whole, stream)
    for pieces in cuts(stream):
        relay = new_relay()
        assert play(relay, *pieces) == expected
        for name in ("committed", "finished", "failure", "usage", "model", "finish_reason"):
            assert getattr(relay, name) == getattr(whole, name)
