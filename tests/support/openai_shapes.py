"""OpenAI's documented answers, as scripted upstreams send them."""

from __future__ import annotations

import json
from typing import Any

DONE = b"data: [DONE]\n\n"


def data(value: Any) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def chunk(
    delta: dict[str, Any] | None, finish: str | None = None, *, model: str = "real", **more: Any
) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    return data(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1,
            "model": model,
            "choices": choices,
            **more,
        }
    )


USAGE = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}


def stream(*texts: str, model: str = "real", usage: bool = True) -> list[bytes]:
    """A complete stream that says `texts`."""
    events = [chunk({"role": "assistant", "content": ""}, model=model)]
    events += [chunk({"content": text}, model=model) for text in texts]
    events.append(chunk({}, "stop", model=model))
    if usage:
        events.append(chunk(None, model=model, usage=USAGE))
    return [*events, DONE]


def completion(text: str = "hello", *, model: str = "real", **message: Any) -> dict[str, Any]:
    """A whole answer."""
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": model,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, **message},
                "finish_reason": "stop",
                "logprobs": None,
            }
        ],
        "usage": USAGE,
    }


def error(message: str, kind: str = "server_error", code: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}
