"""The text of an answer, whatever protocol carried it and whether it was streamed. PURE."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from inference.protocols.sse import EventTooLarge, Parser


def answer_text(sent: bytes) -> str:
    """What the model said in an answer as it was sent to the caller; tool calls as their JSON.

    Understands chat and text completions, messages and responses, whole and as server-sent
    events. An answer of another kind, an error for one, stays as it is. Of one that was cut off
    or broke, what is there counts.
    """
    try:
        whole = msgspec.json.decode(sent)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "".join(_streamed(sent))
    return "".join(_whole(whole)) or sent.decode(errors="replace")


def _streamed(sent: bytes) -> Iterator[str]:
    parser = Parser()
    try:
        events = [*parser.feed(sent), *parser.end()]
    except EventTooLarge:
        return
    for event in events:
        try:
            document = msgspec.json.decode(event.data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if not isinstance(document, dict):
            continue
        if document.get("error"):
            yield event.data.decode(errors="replace")
        for choice in _dicts(document.get("choices")):
            yield from _message(choice.get("delta"))
            yield _text(choice.get("text"))
        delta = document.get("delta")
        if isinstance(delta, str) and "output_text" in str(document.get("type")):
            yield delta
        elif isinstance(delta, dict):
            yield _text(delta.get("text")) or _text(delta.get("partial_json"))


def _whole(document: Any) -> Iterator[str]:
    if not isinstance(document, dict):
        return
    for choice in _dicts(document.get("choices")):
        yield from _message(choice.get("message"))
        yield _text(choice.get("text"))
    for part in _dicts(document.get("content")):
        yield _text(part.get("text")) or _json(part.get("input"))
    for item in _dicts(document.get("output")):
        for part in _dicts(item.get("content")):
            yield _text(part.get("text"))
        yield _text(item.get("arguments"))


def _message(message: Any) -> Iterator[str]:
    """Of a chat completion: the content and the arguments of its tool calls."""
    if not isinstance(message, dict):
        return
    yield _text(message.get("content"))
    for call in _dicts(message.get("tool_calls")):
        function = call.get("function")
        if isinstance(function, dict):
            yield _text(function.get("arguments"))


def _dicts(values: Any) -> Iterator[dict[str, Any]]:
    if isinstance(values, list):
        yield from (value for value in values if isinstance(value, dict))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode() if value is not None else ""
