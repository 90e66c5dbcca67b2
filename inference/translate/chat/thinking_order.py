"""Where thinking stands among what was said, in a message that lists it apart.

Models that think between their words and calls want their thoughts back in that order. A chat
message holds them in a list of their own, so each tells how much was said before it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

Thought = dict[str, Any]
Piece = tuple[Literal["thinking", "text", "call"], Any]

_TEXT: Final = "text_before"
"""Characters of the message's text before the thought."""
_CALLS: Final = "calls_before"
_NOT_ITS_OWN: Final = frozenset({"index", _TEXT, _CALLS})


def placed(thought: Thought, text: int, calls: int) -> Thought:
    """The thought with its place; thoughts before everything else need none."""
    place = {name: count for name, count in ((_TEXT, text), (_CALLS, calls)) if count}
    return {**thought, **place}


def own(thought: Thought) -> Thought:
    """The thought as the model gave it."""
    return {name: value for name, value in thought.items() if name not in _NOT_ITS_OWN}


def is_interleaved(thoughts: Sequence[Thought]) -> bool:
    return any(_TEXT in thought or _CALLS in thought for thought in thoughts)


def interleaved(thoughts: Sequence[Thought], text: str, calls: Sequence[Any]) -> list[Piece]:
    """Thoughts, texts and calls in the order the model produced them."""
    pieces: list[Piece] = []
    said = called = 0
    for thought in thoughts:
        until = min(_count(thought, _TEXT), len(text))
        if text[said:until].strip():
            pieces.append(("text", text[said:until]))
            said = until
        until = min(_count(thought, _CALLS), len(calls))
        pieces += [("call", call) for call in calls[called:until]]
        called = max(called, until)
        pieces.append(("thinking", own(thought)))
    if text[said:].strip():
        pieces.append(("text", text[said:]))
    return [*pieces, *(("call", call) for call in calls[called:])]


def _count(thought: Thought, name: str) -> int:
    value = thought.get(name)
    return value if isinstance(value, int) and value > 0 else 0
