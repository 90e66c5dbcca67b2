"""OpenRouter's `reasoning_details`: reasoning in parts, which the model wants back as they came.

Source: OpenRouter's documentation, "Reasoning tokens". A part is a text (perhaps signed), a
summary, or encrypted; in a stream it comes in pieces of the same type and index.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

Detail = dict[str, Any]

_GROWING: Final = ("text", "summary", "data")


def text_of(details: Iterable[Detail]) -> str:
    """What of it can be read."""
    parts = (detail.get("text") or detail.get("summary") or "" for detail in details)
    return "".join(part for part in parts if isinstance(part, str))


def add_details(known: list[Detail], pieces: Iterable[Detail]) -> None:
    """The pieces of one chunk to those before."""
    for piece in pieces:
        last = known[-1] if known else None
        if last is None or "index" not in piece or not _same(last, piece):
            known.append(dict(piece))
            continue
        for name, value in piece.items():
            if name in _GROWING and isinstance(last.get(name), str) and isinstance(value, str):
                last[name] += value
            elif value is not None:
                last[name] = value


def _same(last: Detail, piece: Detail) -> bool:
    return last.get("index") == piece["index"] and last.get("type") == piece.get("type")
