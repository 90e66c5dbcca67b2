"""What an upstream says in an error, wherever in its body it says it. PURE.

Known forms: `{"error": {...}}`, `{"error": "text"}`, `{"message": ...}`, `{"detail": ...}`, a list
around one of them (Gemini), a validator's list of places (FastAPI), and JSON inside a message,
where a gateway passes on what it was told (OpenRouter).
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import msgspec

_TEXTS: Final = ("message", "msg", "error", "detail", "title", "description", "raw")
"""Members that hold sentences, or what holds them, the most telling first."""
_WORDS: Final = ("code", "type", "status", "reason", "error_type", "param")
"""Members that hold a single word."""
_WITHIN: Final = ("errors", "details", "innererror", "metadata", "response")
"""Members that hold more of the kind. Whatever else is there may echo the request."""
_WORDS_AND_MORE: Final = (*_WORDS, *_WITHIN)
_NONE: Final = ("",)
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
    found: list[tuple[str, str]] = []
    _look(document, "message", _DEEPEST, found)
    sentences: list[str] = []
    words: dict[str, list[str]] = {}
    for name, text in found:
        (words.setdefault(name, []) if name in _WORDS else sentences).append(text)
    lines = sentences + [text for name in _WORDS for text in words.get(name, ())]
    return ReportedError(
        sentences[0] if sentences else "",
        "\n".join(lines)[:_LONGEST],
        words.get("param", _NONE)[0],
        words.get("code", _NONE)[0],
    )


def _look(value: Any, name: str, depth: int, found: list[tuple[str, str]]) -> None:
    """Adds names of members with the texts they hold."""
    if isinstance(value, str):
        _look_at_text(value, name, depth, found)
    elif isinstance(value, int) and not isinstance(value, bool):
        if name in _WORDS:
            found.append((name, str(value)))
    elif not depth:
        return
    elif isinstance(value, list):
        for one in value[:32]:
            _look(one, name, depth - 1, found)
    elif isinstance(value, dict):
        _look_at_members(value, depth, found)


def _look_at_members(value: dict[str, Any], depth: int, found: list[tuple[str, str]]) -> None:
    place = value.get("loc")
    if isinstance(place, list) and isinstance(value.get("msg"), str):
        # A validator's: the place in the request and what is wrong there.
        found.append(("message", f"{'.'.join(map(str, place))}: {value['msg']}"))
    else:
        for name in _TEXTS:
            if name in value:
                _look(value[name], "message", depth - 1, found)
    for name in _WORDS_AND_MORE:
        if name in value:
            _look(value[name], name, depth - 1, found)


def _look_at_text(text: str, name: str, depth: int, found: list[tuple[str, str]]) -> None:
    if depth and text[:1] in ("{", "[") and text[-1:] in ("}", "]"):
        try:
            inner = msgspec.json.decode(text)
        except _UNREADABLE:
            inner = None
        if isinstance(inner, dict | list):
            _look(inner, name, depth - 1, found)
            return
    if text:
        found.append((name, text))
