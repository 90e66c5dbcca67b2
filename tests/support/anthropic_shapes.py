"""Anthropic's documented answers, as scripted upstreams send them."""

from __future__ import annotations

import json
from typing import Any

USAGE: dict[str, Any] = {"input_tokens": 7, "output_tokens": 3}
PING = b'event: ping\ndata: {"type": "ping"}\n\n'


def event(kind: str, **fields: Any) -> bytes:
    body = json.dumps({"type": kind, **fields}, ensure_ascii=False)
    return f"event: {kind}\ndata: {body}\n\n".encode()


def started(*, model: str = "real", usage: dict[str, Any] = USAGE) -> bytes:
    """`message_start`: the prompt is counted, the answer hardly begun."""
    begun = message([], model=model, usage={**usage, "output_tokens": 1})
    return event("message_start", message={**begun, "stop_reason": None})


def block(index: int, content: dict[str, Any], *deltas: dict[str, Any]) -> list[bytes]:
    """The events of one content block."""
    return [
        event("content_block_start", index=index, content_block=content),
        *(event("content_block_delta", index=index, delta=delta) for delta in deltas),
        event("content_block_stop", index=index),
    ]


def text(*texts: str, index: int = 0) -> list[bytes]:
    deltas = [{"type": "text_delta", "text": one} for one in texts]
    return block(index, {"type": "text", "text": ""}, *deltas)


def thinking(*thoughts: str, signature: str, index: int = 0) -> list[bytes]:
    deltas: list[dict[str, Any]] = [{"type": "thinking_delta", "thinking": t} for t in thoughts]
    deltas.append({"type": "signature_delta", "signature": signature})
    return block(index, {"type": "thinking", "thinking": "", "signature": ""}, *deltas)


def tool_use(index: int, call_id: str, name: str, *pieces: str) -> list[bytes]:
    """A call whose input comes in pieces, an empty one first as Anthropic sends it."""
    deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ("", *pieces)]
    return block(index, {"type": "tool_use", "id": call_id, "name": name, "input": {}}, *deltas)


def ended(
    stop: str = "end_turn", *, sequence: str | None = None, usage: dict[str, Any] = USAGE
) -> list[bytes]:
    said = {"stop_reason": stop, "stop_sequence": sequence}
    return [event("message_delta", delta=said, usage=usage), event("message_stop")]


def stream(*texts: str, model: str = "real") -> list[bytes]:
    """A complete stream that says `texts`."""
    return [started(model=model), PING, *text(*texts), *ended()]


def message(content: list[dict[str, Any]], **fields: Any) -> dict[str, Any]:
    """A whole answer of these blocks."""
    return {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "real",
        "content": content,
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": USAGE,
        **fields,
    }


def said(words: str = "hello", **fields: Any) -> dict[str, Any]:
    """A whole answer of one text."""
    return message([{"type": "text", "text": words}], **fields)


def error(words: str, kind: str = "api_error") -> dict[str, Any]:
    return {
        "type": "error",
        "error": {"type": kind, "message": words},
        "request_id": "req_upstream",
    }
