"""What was said, out of the documented log, where content is logged on this node."""

from __future__ import annotations

import mmap
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from governance.interactions.record import InteractionRecord

LARGEST: Final = 4 * 1024 * 1024 * 1024
"""Bytes of a day's file that is looked through."""
_decode: Final = msgspec.json.Decoder(InteractionRecord).decode


@dataclass(frozen=True, slots=True)
class LoggedContent:
    """Of one request; None for what was not kept, or is not here."""

    request: str | None = None
    """Its body, cut off where it was larger than what is kept."""
    answer: str | None = None
    """The answer's text."""


NOTHING: Final = LoggedContent()


def content_of(record: InteractionRecord, directory: Path) -> LoggedContent:
    """What the day's file in this directory has of the record."""
    path = directory / f"interactions-{record.time[:10]}.jsonl"
    wanted = b'"id":' + msgspec.json.encode(record.id) + b","
    with suppress(OSError, ValueError), path.open("rb") as file:
        if path.stat().st_size > LARGEST:
            return NOTHING
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
            return _content(held, wanted, record)
    return NOTHING


def _content(held: mmap.mmap, wanted: bytes, record: InteractionRecord) -> LoggedContent:
    """Of the latest line with this id and time: callers may use an id again."""
    found = held.rfind(wanted)
    while found >= 0:
        begin, end = held.rfind(b"\n", 0, found) + 1, held.find(b"\n", found)
        with suppress(msgspec.MsgspecError):
            line = _decode(held[begin : end if end >= 0 else len(held)])
            if (line.id, line.time) == (record.id, record.time):
                return LoggedContent(_text(line.request), _text(line.answer))
        found = held.rfind(wanted, 0, begin) if begin else -1
    return NOTHING


def _text(kept: str | msgspec.UnsetType) -> str | None:
    return kept if isinstance(kept, str) else None
