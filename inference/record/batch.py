"""What the event loop hands to the recorder's thread: finished lines."""

from __future__ import annotations

from typing import Final

import msgspec

from governance.interactions.record import InteractionRecord

_DAY: Final = len("2030-01-31")
_encode: Final = msgspec.json.Encoder().encode


class Batch(msgspec.Struct):
    """Records of one UTC day, in the order they were made."""

    day: str
    """As `2030-01-31`."""
    plain: list[bytes] = msgspec.field(default_factory=list)
    """A line a record, without what was said."""
    whole: list[bytes] | None = None
    """The same lines with what was said, where that is kept."""

    @property
    def lines(self) -> list[bytes]:
        return self.plain if self.whole is None else self.whole


def day_of(record: InteractionRecord) -> str:
    return record.time[:_DAY]


def line_of(record: InteractionRecord) -> bytes:
    """The record as JSON on a line of its own, as the log has it."""
    return _encode(record) + b"\n"
