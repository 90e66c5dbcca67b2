"""What an upstream says in an error, wherever in its body it says it. PURE.

Known forms: `{"error": {...}}`, `{"error": "text"}`, `{"message": ...}`, `{"detail": ...}`, a list
around one of them (Gemini), a validator's list of places (FastAPI), and JSON inside a message,
where a gateway passes on what it was told (OpenRouter).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec

_TEXTS: Final = ("message", "msg", "error", "detail", "title", "description", "raw")
"""Members that hold sentences, or what holds them, the most telling first."""
_WORDS: Final = ("code", "type", "status", "reason", "error_type", "param")
"""Members that hold a single word."""
_WITHIN: Final = ("errors", "details", "innererror", "metadata", "response")
"""Members that hold more of the kind. Whatever else is there may echo the request."""
_DEEPEST: Final = 6
_LONGEST: Final = 8192
"""Characters that are searched for words."""
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class ReportedError(NamedTuple):
    """An upstream's error, read."""

    message: str = ""
    """Its sentence; empty where the body is no JSON or tells none."""
    text: str = ""
    """Everything said, in lines."""
    param: str = ""
    """The request's member that it names in a place of its own."""
    code: str = ""


def read_error(body: bytes) -> ReportedError:
    """Never raises; a body that is no JSON is one text."""
    try:
        document = msgspec.json.decode(body)
    except _UNREADABLE:
        return ReportedError(text=body[:_LONGEST].decode(errors="replace"))
    return error_in(document)


def error_in(document: Any) -> ReportedError:
    """The same of a decoded body."""
    sentences: list[str] = []
    words: dict[str, list[str]] = {name: [] for name in _WORDS}
    for name, text in _said(document, "message", _DEEPEST):
        if name in words:
            words[name].append(text)
        else:
            sentences.append(text)
    lines = [*sentences, *(text for texts in words.values() for text in texts)]
    return ReportedError(
        sentences[0] if sentences else "",
        "\n".join(lines)[:_LONGEST],
        (words["param"] or [""])[0],
        (words["code"] or [""])[0],
    )


def _said(value: Any, name: str, depth: int) -> Iterator[tuple[str, str]]:
    """Names of members with the texts they hold."""
    if isinstance(value, str):
        yield from _of_text(value, name, depth)
    elif isinstance(value, int) and not isinstance(value, bool):
        if name in _WORDS:
            yield name, str(value)
    elif not depth:
        return
    elif isinstance(value, list):
        for one in value[:32]:
            yield from _said(one, name, depth - 1)
    elif isinstance(value, dict):
        yield from _of_object(value, depth)


def _of_object(value: dict[str, Any], depth: int) -> Iterator[tuple[str, str]]:
    place = value.get("loc")
    if isinstance(place, list) and isinstance(value.get("msg"), str):
        # A validator's: the place in the request and what is wrong there.
        yield "message", f"{'.'.join(map(str, place))}: {value['msg']}"
    else:
        for name in _TEXTS:
            yield from _said(value.get(name), "message", depth - 1)
    for name in (*_WORDS, *_WITHIN):
        yield from _said(value.get(name), name, depth - 1)


def _of_text(text: str, name: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth and text[:1] in ("{", "[") and text[-1:] in ("}", "]"):
        try:
            inner = msgspec.json.decode(text)
        except _UNREADABLE:
            inner = None
        if isinstance(inner, dict | list):
            yield from _said(inner, name, depth - 1)
            return
    if text:
        yield name, text
