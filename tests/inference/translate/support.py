"""Requests and streams in a line, for every test of a translation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from inference.endpoints import chat, messages, responses
from inference.endpoints.registry import translator_for
from inference.protocols.sse import Event, Parser, encode
from inference.translate.base import StreamTranslator
from inference.values.parsed_request import ParsedRequest

TURN = {"role": "user", "content": "Hello"}


def js(value: Any) -> bytes:
    return msgspec.json.encode(value)


def chat_ask(**fields: Any) -> ParsedRequest:
    return chat.parse(js({"model": "light/light", "messages": [TURN], **fields}), {})


def messages_ask(**fields: Any) -> ParsedRequest:
    body = {"model": "light/light", "messages": [TURN], "max_tokens": 100, **fields}
    return messages.parse(js(body), {})


def responses_ask(**fields: Any) -> ParsedRequest:
    return responses.parse(js({"model": "light/light", "input": "Hello", **fields}), {})


def chat_to_anthropic(model: str = "claude-sonnet-4-5", **fields: Any) -> Any:
    """What an Anthropic-speaking upstream is asked for a chat request of these fields."""
    outbound = translator_for("chat", "anthropic").request(chat_ask(**fields), model)
    return msgspec.json.decode(outbound.body)


def messages_to_openai(model: str = "gpt-4.1", **fields: Any) -> Any:
    """What an OpenAI-speaking upstream is asked for a message request of these fields."""
    outbound = translator_for("messages", "openai").request(messages_ask(**fields), model)
    return msgspec.json.decode(outbound.body)


def dropped(pair: tuple[str, str], inbound: ParsedRequest, model: str = "m") -> tuple[str, ...]:
    return translator_for(*pair).request(inbound, model).dropped


def sse(*events: Any, done: bool = True) -> bytes:
    """An OpenAI stream: every event a JSON value, `[DONE]` at the end."""
    return b"".join(encode(js(event)) for event in events) + (b"data: [DONE]\n\n" if done else b"")


def named(*events: Any) -> bytes:
    """An Anthropic stream: every event named by its type."""
    return b"".join(encode(js(event), event["type"].encode()) for event in events)


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


def call(name: str, arguments: str, call_id: str = "call_1") -> dict[str, Any]:
    """A tool call as OpenAI writes it."""
    function = {"name": name, "arguments": arguments}
    return {"id": call_id, "type": "function", "function": function}


def message(*content: Any, stop: str = "end_turn", **more: Any) -> dict[str, Any]:
    """A whole answer of Anthropic's protocol."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-real",
        "content": list(content),
        "stop_reason": stop,
        "stop_sequence": None,
        "usage": {"input_tokens": 10, "output_tokens": 5},
        **more,
    }


def blocks(*content: tuple[dict[str, Any], list[dict[str, Any]]], stop: str = "end_turn") -> bytes:
    """An Anthropic stream of these blocks, each with its deltas."""
    begun = {**message(), "stop_reason": None, "usage": {"input_tokens": 10, "output_tokens": 1}}
    events: list[Any] = [{"type": "message_start", "message": begun}, {"type": "ping"}]
    for index, (start, deltas) in enumerate(content):
        events.append({"type": "content_block_start", "index": index, "content_block": start})
        events += [{"type": "content_block_delta", "index": index, "delta": d} for d in deltas]
        events.append({"type": "content_block_stop", "index": index})
    said = {"stop_reason": stop, "stop_sequence": None}
    events.append({"type": "message_delta", "delta": said, "usage": {"output_tokens": 5}})
    return named(*events, {"type": "message_stop"})


def text_block(*texts: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    return {"type": "text", "text": ""}, [{"type": "text_delta", "text": text} for text in texts]


def tool_block(
    name: str, *pieces: str, call_id: str = "toolu_1"
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *pieces)]
    return {"type": "tool_use", "id": call_id, "name": name, "input": {}}, deltas


def events_of(stream: bytes) -> list[Event]:
    parser = Parser()
    return [*parser.feed(stream), *parser.end()]


def data_of(stream: bytes) -> list[Any]:
    """The JSON of each event, `[DONE]` as that word."""
    return [
        "[DONE]" if event.data == b"[DONE]" else msgspec.json.decode(event.data)
        for event in events_of(stream)
    ]


def play(relay: StreamTranslator, *chunks: bytes) -> bytes:
    """All the relay returns for these chunks and a clean close."""
    return b"".join([relay.feed(chunk) for chunk in chunks] + [relay.end()])


def cuts(stream: bytes) -> Iterator[Iterable[bytes]]:
    """The stream in two pieces, cut at every byte, and in single bytes."""
    for cut in range(len(stream) + 1):
        yield stream[:cut], stream[cut:]
    yield [stream[at : at + 1] for at in range(len(stream))]


def assert_cuts_do_not_matter(new_relay: Callable[[], StreamTranslator], stream: bytes) -> None:
    """Whatever way the stream arrives, the caller's bytes and the relay's verdict are the same."""
    whole = new_relay()
    expected = play(whole, stream)
    for pieces in cuts(stream):
        relay = new_relay()
        assert play(relay, *pieces) == expected
        for name in ("committed", "finished", "failure", "usage", "model", "finish_reason"):
            assert getattr(relay, name) == getattr(whole, name)
