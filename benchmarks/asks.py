"""What callers send, and what a right answer says."""

from __future__ import annotations

import json
from typing import Any, Final

from benchmarks.routes import Route

PATHS: Final = {"openai": "/chat/completions", "anthropic": "/messages"}
_SENTENCE: Final = "Which track does the train to the coast take when the points are set? "


def body(protocol: str, model: str, *, stream: bool, prompt_bytes: int = 0) -> bytes:
    """A request of 0.2 KB, or with a prompt of about `prompt_bytes`."""
    prompt = _SENTENCE * max(1, prompt_bytes // len(_SENTENCE))
    document: dict[str, Any] = {"model": model, "max_tokens": 256}
    if stream:
        document["stream"] = True
    document["messages"] = [{"role": "user", "content": prompt}]
    return json.dumps(document, separators=(",", ":")).encode()


def headers(protocol: str, key: str) -> dict[str, str]:
    """What an SDK of this protocol sends, as far as a gateway reads it."""
    common = {"content-type": "application/json", "accept": "*/*", "user-agent": "bench/1"}
    if protocol == "anthropic":
        return {**common, "x-api-key": key, "anthropic-version": "2023-06-01"}
    return {**common, "authorization": f"Bearer {key}"}


def request(host: str, path: str, head: dict[str, str], content: bytes) -> bytes:
    """The bytes of one HTTP/1.1 request."""
    lines = [f"POST {path} HTTP/1.1", f"host: {host}"]
    lines += [f"{name}: {value}" for name, value in head.items()]
    lines.append(f"content-length: {len(content)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + content


def problem_with(content: bytes, protocol: str, route: Route, *, stream: bool) -> str | None:
    """What is wrong with an answer in `protocol` to what `route` said; None when it is right."""
    try:
        if not stream:
            text, ended = _whole(json.loads(content), protocol), True
        elif protocol == "anthropic":
            text, ended = _anthropic(content)
        else:
            text, ended = _openai(content)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        return f"the answer does not read: {error!r} in {content[:300]!r}"
    if not ended:
        return f"the stream lacks its protocol's end: ...{content[-200:]!r}"
    if text != route.text:
        return f"the text differs: {text[:80]!r} (of {len(text)} characters)"
    return None


def _whole(document: Any, protocol: str) -> str:
    if protocol == "anthropic":
        return "".join(block["text"] for block in document["content"])
    return str(document["choices"][0]["message"]["content"])


def _openai(content: bytes) -> tuple[str, bool]:
    events = content.split(b"\n\n")
    ended = events.pop() == b"" and events.pop() == b"data: [DONE]"
    text = ""
    for event in events:
        if event.startswith(b"data: "):
            for choice in json.loads(event[6:])["choices"]:
                text += choice["delta"].get("content") or ""
    return text, ended


def _anthropic(content: bytes) -> tuple[str, bool]:
    text, last = "", ""
    for event in content.split(b"\n\n"):
        for line in event.split(b"\n"):
            if line.startswith(b"data: "):
                document = json.loads(line[6:])
                last = document["type"]
                if last == "content_block_delta":
                    text += document["delta"].get("text", "")
    return text, last == "message_stop"
