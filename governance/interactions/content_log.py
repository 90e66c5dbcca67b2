"""What was said, out of the documented log, where content is logged on this node."""

from __future__ import annotations

import mmap
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from governance.interactions.record import InteractionRecord

LARGEST: Final = 4 * 1024 * 1024 * 1024
"""Bytes of a day's file that is looked through."""
_decode: Final = msgspec.json.Decoder(InteractionRecord).decode


def answer_of(record: InteractionRecord, directory: Path) -> str | None:
    """The text of the record's answer; None where it was not kept, or not here."""
    path = directory / f"interactions-{record.time[:10]}.jsonl"
    wanted = b'"id":' + msgspec.json.encode(record.id) + b","
    with suppress(OSError, ValueError), path.open("rb") as file:
        if path.stat().st_size > LARGEST:
            return None
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as held:
            return _answer(held, wanted, record)
    return None


def _answer(held: mmap.mmap, wanted: bytes, record: InteractionRecord) -> str | None:
    """Of the latest line with this id and time: callers may use an id again."""
    found = held.rfind(wanted)
    while found >= 0:
        begin, end = held.rfind(b"\n", 0, found) + 1, held.find(b"\n", found)
        with suppress(msgspec.MsgspecError):
            line = _decode(held[begin : end if end >= 0 else len(held)])
            if (line.id, line.time) == (record.id, record.time):
                return line.answer if isinstance(line.answer, str) else None
        found = held.rfind(wanted, 0, begin) if begin else -1
    return None
