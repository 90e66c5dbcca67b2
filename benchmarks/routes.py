"""What the mock upstream answers: realistic bytes, made once, replayed by whichever mock runs.

A route is the first segment of a path: a provider with the base URL `http://.../openai-64/v1`
answers chat completions, whole or as a stream of 64 chunks.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Any, Final

MODEL: Final = "mock-model-2026-01-15"
_CREATED: Final = 1767225600
_WORDS: Final = ("points", "signal", "the", "track", "a", "train", "is", "sent", "down", "right")


@dataclass(frozen=True)
class Route:
    """One way the mock answers."""

    name: str
    protocol: str
    chunks: int = 64
    """Events of a stream that carry the answer, from the first to the finish reason; Anthropic's
    protocol wraps the same text in three more."""
    pause: float = 0.0
    """Seconds between two chunks."""
    fail_every: int = 0
    """Every n-th request is refused with a 503; 0 for none."""
    reports_limits: bool = False
    """Answers carry OpenAI's rate limit headers."""

    @property
    def base_path(self) -> str:
        return f"/{self.name}/v1"

    @property
    def pieces(self) -> list[str]:
        """The text as a stream hands it out."""
        return [f" {_WORDS[i % len(_WORDS)]}{i}" for i in range(self.chunks - 2)]

    @property
    def text(self) -> str:
        return "".join(self.pieces)


ROUTES: Final = {
    route.name: route
    for route in (
        Route("openai-64", "openai"),
        Route("openai-5000", "openai", chunks=5000),
        Route("openai-paced", "openai", pause=0.02),
        Route("openai-slow", "openai", pause=1.0),
        Route("openai-flaky", "openai", fail_every=3),
        Route("openai-limits", "openai", reports_limits=True),
        Route("anthropic-64", "anthropic"),
    )
}


def write(path: Path) -> None:
    """Writes every route in the form that the mocks read: see `native/mock.c`."""
    with path.open("wb") as file:
        for route in ROUTES.values():
            whole, (frames, usage) = _whole(route), _frames(route)
            file.write(
                f"{route.name} {round(route.pause * 1e6)} {route.fail_every} {usage} "
                f"{len(whole)} {len(frames)}\n".encode()
            )
            file.write(" ".join(str(len(frame)) for frame in frames).encode() + b"\n")
            file.write(whole + b"".join(frames))


@dataclass(frozen=True)
class Script:
    """A route as a mock replays it."""

    name: str
    pause: float
    fail_every: int
    usage_frame: int
    whole: bytes
    frames: tuple[bytes, ...]


def read(path: Path) -> dict[str, Script]:
    """The scripts in a file of `write`, by name."""
    scripts = {}
    with path.open("rb") as file:
        while line := file.readline().decode().split():
            name = line[0]
            pause, fail_every, usage, whole_bytes, _ = map(int, line[1:])
            ends = list(accumulate(map(int, file.readline().split())))
            whole, stream = file.read(whole_bytes), file.read(ends[-1])
            frames = tuple(stream[a:b] for a, b in zip([0, *ends], ends, strict=False))
            scripts[name] = Script(name, pause / 1e6, fail_every, usage, whole, frames)
    return scripts


def _whole(route: Route) -> bytes:
    body = _json(_message(route) if route.protocol == "anthropic" else _completion(route))
    return _head(route, "application/json", f"content-length: {len(body)}") + body


def _frames(route: Route) -> tuple[list[bytes], int]:
    """The head, each event as a chunk of its own, the end; and the place of the usage event."""
    head = _head(route, "text/event-stream; charset=utf-8", "transfer-encoding: chunked")
    if route.protocol == "anthropic":
        events = [
            b"event: %b\ndata: %b\n\n" % (e["type"].encode(), _json(e)) for e in _named(route)
        ]
        usage, last = -1, events.pop()
    else:
        events = [b"data: %b\n\n" % _json(chunk) for chunk in _chunks(route)]
        usage, last = len(events) - 1, b"data: [DONE]\n\n"
    chunked = [b"%x\r\n%b\r\n" % (len(event), event) for event in (*events, last)]
    # The head leaves with the first event and the end with the last, as from servers at work.
    return [head + chunked[0], *chunked[1:-1], chunked[-1] + b"0\r\n\r\n"], usage


def _head(route: Route, content_type: str, length: str) -> bytes:
    lines = [
        "HTTP/1.1 200 OK",
        "date: Thu, 15 Jan 2026 12:00:00 GMT",
        f"content-type: {content_type}",
        length,
        "x-request-id: req_5f2b8c0d9e1a4f37",
        "server: mock",
    ]
    if route.reports_limits:
        lines += [
            "x-ratelimit-limit-requests: 10000",
            "x-ratelimit-remaining-requests: 9000",
            "x-ratelimit-reset-requests: 6ms",
            "x-ratelimit-limit-tokens: 2000000",
            "x-ratelimit-remaining-tokens: 1990000",
            "x-ratelimit-reset-tokens: 0s",
        ]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def _json(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _usage(route: Route) -> dict[str, Any]:
    made = len(route.pieces)
    return {"prompt_tokens": 24, "completion_tokens": made, "total_tokens": 24 + made}


def _completion(route: Route) -> dict[str, Any]:
    message = {"role": "assistant", "content": route.text, "refusal": None}
    return {
        "id": "chatcmpl-C1sPoB2mQy7Lw4XvR8nTzKe3",
        "object": "chat.completion",
        "created": _CREATED,
        "model": MODEL,
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}],
        "usage": _usage(route),
    }


def _chunks(route: Route) -> Iterator[dict[str, Any]]:
    yield _chunk([_choice({"role": "assistant", "content": ""})])
    for piece in route.pieces:
        yield _chunk([_choice({"content": piece})])
    yield _chunk([_choice({}, "stop")])
    yield {**_chunk([]), "usage": _usage(route)}


def _chunk(choices: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "id": "chatcmpl-C1sPoB2mQy7Lw4XvR8nTzKe3",
        "object": "chat.completion.chunk",
        "created": _CREATED,
        "model": MODEL,
        "choices": choices,
    }


def _choice(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def _message(route: Route) -> dict[str, Any]:
    return {
        "id": "msg_01Qy7Lw4XvR8nTzKe3C1sPoB",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": [{"type": "text", "text": route.text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {"input_tokens": 24, "output_tokens": len(route.pieces)},
    }


def _named(route: Route) -> Iterator[dict[str, Any]]:
    start = {**_message(route), "content": [], "stop_reason": None}
    yield {"type": "message_start", "message": start}
    yield {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    for piece in route.pieces:
        delta = {"type": "text_delta", "text": piece}
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    yield {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": len(route.pieces)},
    }
    yield {"type": "message_stop"}
