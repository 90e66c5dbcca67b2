"""What the events of one OpenAI stream have in common, so that they need no reading. PURE.

The chunks of a text differ in the text alone. Once one is known, a block of thousands is told
apart from anything else by counting what they share.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

REMARKABLE: Final = (
    b'"finish_reason":"',
    b'"finish_reason": "',
    b'"usage":{',
    b'"usage": {',
    b'"error"',
    b"[DONE]",
)
"""What the gateway has to know of."""
_DELTA: Final = re.compile(
    rb'"delta": ?\{(?:"\w+": ?(?:null|"assistant"), ?)*'
    rb'"(?:content|reasoning_content|reasoning)": ?"'
)
"""What stands before the text of an event, from its delta on."""
_TEXT: Final = re.compile(rb'(?:[^"\\]|\\.)*')


class ChunkTemplate(NamedTuple):
    """The bytes before and behind the text of every event of a kind."""

    before: bytes
    behind: bytes
    """With the blank line that ends the event."""
    seam: bytes
    """Between the texts of two events in a row."""

    @classmethod
    def of(cls, block: bytes) -> ChunkTemplate | None:
        """The template of the block's first event; None when it says more than text."""
        event = block[: block.find(b"\n\n") + 1]
        if not (event.startswith(b'data: {"') and event.endswith(b"}\n")):
            return None
        if event.count(b"\n") > 1 or _remarkable(event):
            return None
        opening = _DELTA.match(event, event.find(b'"delta"'))
        if opening is None:
            return None
        closing = _TEXT.match(event, opening.end())
        assert closing is not None
        if not event.startswith(b'"', closing.end()):
            return None
        before, behind = event[: opening.end()], event[closing.end() :] + b"\n"
        return cls(before, behind, behind + before)

    def covers(self, block: bytes) -> bool:
        """Whether the block is whole events of this kind and nothing else: what `length` says of
        most, with less work."""
        before, behind, seam = self
        return (
            block.startswith(before)
            and block.endswith(behind)
            and len(block) >= len(before) + len(behind)
            and block.count(b"\n") == 2 * block.count(seam) + 2
            and b'"error"' not in block
        )

    def length(self, block: bytes) -> int:
        """How many bytes at the start of the block are whole events of this kind."""
        before, behind, seam = self
        if not block.startswith(before):
            return 0
        end = block.rfind(behind)
        if end < len(before):
            return 0
        end += len(behind)
        # Nothing but these events, if every line end belongs to a seam or to the last of them.
        alike = block.count(b"\n", 0, end) == 2 * block.count(seam, 0, end) + 2
        return end if alike and block.find(b'"error"', 0, end) < 0 else 0


def _remarkable(block: bytes) -> bool:
    for mark in REMARKABLE:  # noqa: SIM110  # a generator costs more than looking at all of them
        if mark in block:
            return True
    return False
