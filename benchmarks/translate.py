"""What one text chunk of a stream costs, from bytes to bytes: medians in microseconds.

    python benchmarks/translate.py

A stream of 256 text chunks is relayed chunk by chunk, again and again; the figure is the median
over the rounds of the time per chunk, on one core.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

from inference.endpoints import chat, messages, responses
from inference.endpoints.registry import translator_for
from inference.translate.base import StreamTranslator
from inference.values.parsed_request import ParsedRequest

CHUNKS = 256
ROUNDS = 100
PASS_THROUGH_BAR = 15.0
TRANSLATED_BAR = 40.0


def openai_stream() -> Iterator[bytes]:
    """Chunks as OpenAI sends them: one event each, a word or two of text."""
    for number in range(CHUNKS):
        chunk = {
            "id": "chatcmpl-B9MBs8CjcvOU2jLn4n570S5qMJKcT",
            "object": "chat.completion.chunk",
            "created": 1741569952,
            "model": "gpt-4.1-mini-2025-04-14",
            "service_tier": "default",
            "system_fingerprint": "fp_44709d6fcb",
            "choices": [
                {
                    "index": 0,
                    "delta": {"content": f" word{number}"},
                    "logprobs": None,
                    "finish_reason": None,
                }
            ],
            "usage": None,
        }
        yield b"data: " + json.dumps(chunk).encode() + b"\n\n"


def anthropic_stream() -> Iterator[bytes]:
    """Text deltas as Anthropic sends them, in the block that was started before."""
    start = {"type": "message_start", "message": {"id": "msg_01", "model": "claude-opus-4-8"}}
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text"}}
    yield b"".join(_named(event) for event in (start, block))
    for number in range(CHUNKS):
        text = {"type": "text_delta", "text": f" word{number}"}
        yield _named({"type": "content_block_delta", "index": 0, "delta": text})


def _named(event: dict[str, Any]) -> bytes:
    return f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode()


def chat_request() -> ParsedRequest:
    body = {"model": "m", "stream": True, "messages": [{"role": "user", "content": "Hello"}]}
    return chat.parse(json.dumps(body).encode(), {})


def messages_request() -> ParsedRequest:
    turns = [{"role": "user", "content": "Hello"}]
    body = {"model": "m", "stream": True, "max_tokens": 9, "messages": turns}
    return messages.parse(json.dumps(body).encode(), {})


def response_request() -> ParsedRequest:
    return responses.parse(b'{"model": "m", "stream": true, "input": "Hello"}', {})


def microseconds(new_relay: Callable[[], StreamTranslator], stream: list[bytes]) -> float:
    """Per chunk, the median of the rounds."""
    rounds = []
    for _ in range(ROUNDS):
        relay = new_relay()
        began = time.perf_counter()
        for chunk in stream:
            relay.feed(chunk)
        rounds.append((time.perf_counter() - began) / len(stream) * 1e6)
        if relay.failure is not None:
            raise SystemExit(f"The stream failed: {relay.failure}")
    return statistics.median(rounds)


Case = tuple[str, str, str, Callable[[], ParsedRequest], Callable[[], Iterator[bytes]], float]
CASES: list[Case] = [
    ("OpenAI to OpenAI", "chat", "openai", chat_request, openai_stream, PASS_THROUGH_BAR),
    (
        "Anthropic to Anthropic",
        "messages",
        "anthropic",
        messages_request,
        anthropic_stream,
        PASS_THROUGH_BAR,
    ),
    ("OpenAI to Anthropic", "chat", "anthropic", chat_request, anthropic_stream, TRANSLATED_BAR),
    ("Anthropic to OpenAI", "messages", "openai", messages_request, openai_stream, TRANSLATED_BAR),
    ("Responses to OpenAI", "responses", "openai", response_request, openai_stream, TRANSLATED_BAR),
    (
        "Responses to Anthropic",
        "responses",
        "anthropic",
        response_request,
        anthropic_stream,
        TRANSLATED_BAR,
    ),
]


def main() -> int:
    slow = 0
    print(f"{'one text chunk':32} {'median':>10} {'bar':>8}")
    for name, request_type, upstream, request, stream, bar in CASES:
        pair, inbound = translator_for(request_type, upstream), request()
        cost = microseconds(lambda: pair.stream(inbound), list(stream()))  # noqa: B023  # called at once
        slow += cost > bar
        print(f"{name:32} {cost:7.1f} us {bar:5.0f} us")
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())
