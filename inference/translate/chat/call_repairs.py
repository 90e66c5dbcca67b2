"""Tool calls of answers that pass through, where a client of the protocol could not read them.

What is well formed goes on byte for byte.
"""

from __future__ import annotations

from typing import Any

import msgspec

from inference.translate.chat.calls import CallPieces
from inference.translate.chat.passthrough_schema import PassThroughChoice
from inference.translate.lenient import count_of, loads


class CallRepairs:
    """The calls of one stream: every SDK tells them apart by their index."""

    __slots__ = ("_choices",)

    def __init__(self) -> None:
        self._choices: dict[int, CallPieces] = {}

    def renumbered(self, choices: list[PassThroughChoice], data: bytes) -> bytes:
        """The chunk as it came, unless a call in it has another's index, or none."""
        repaired: dict[int, list[Any]] = {}
        for position, choice in enumerate(choices):
            calls = choice.delta.get("tool_calls") if isinstance(choice.delta, dict) else None
            if not isinstance(calls, list):
                continue
            index = count_of(choice.index) or 0
            pieces = self._choices.setdefault(index, CallPieces())
            same = [_place(pieces, call) for call in calls if isinstance(call, dict)]
            if not all(same):
                repaired[position] = calls
        if not repaired:
            return data
        chunk = loads(data)
        for position, calls in repaired.items():
            chunk["choices"][position]["delta"]["tool_calls"] = calls
        return msgspec.json.encode(chunk)


def _place(pieces: CallPieces, call: dict[str, Any]) -> bool:
    """Gives the call its number, and its arguments as text; False where that changes anything."""
    function = call.get("function")
    function = function if isinstance(function, dict) else {}
    same = not as_text(function)
    index = count_of(call.get("index"))
    known = pieces.place(
        index,
        text_or_empty(call.get("id")),
        text_or_empty(function.get("name")),
        text_or_empty(function.get("arguments")),
    )
    if call.get("index") != known.number:
        call["index"] = known.number
        same = False
    return same


def as_text(function: dict[str, Any]) -> bool:
    """Writes arguments that came as an object as the text they should be."""
    if not isinstance(function.get("arguments"), dict | list):
        return False
    function["arguments"] = msgspec.json.encode(function["arguments"]).decode()
    return True


def text_or_empty(value: Any) -> str:
    """A text, or an empty one for what is none."""
    return value if isinstance(value, str) else ""


def with_text_arguments(body: bytes) -> bytes:
    """A whole completion as it came, unless a call's arguments are no text."""
    whole = loads(body)
    changed = False
    for choice in whole.get("choices") or ():
        message = choice.get("message") if isinstance(choice, dict) else None
        calls = message.get("tool_calls") if isinstance(message, dict) else None
        for call in calls if isinstance(calls, list) else ():
            function = call.get("function") if isinstance(call, dict) else None
            changed |= isinstance(function, dict) and as_text(function)
    return msgspec.json.encode(whole) if changed else body
