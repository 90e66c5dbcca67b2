"""Requests as a file, in pieces that need little memory and no long transaction."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Final

import msgspec
from asgiref.sync import sync_to_async

from governance.interactions.keyset import Cursor, Rows, oldest_first
from governance.interactions.record import InteractionRecord
from governance.interactions.rows import record_of
from governance.models.interaction import Interaction

PIECE: Final = 500
"""Rows that are in memory at a time."""
RISKY: Final = (*"=+-@\t\r\n", *"\uff1d\uff0b\uff0d\uff20")
"""Beginnings of a cell that spreadsheets take for a formula; the last four are full-width."""
CSV_COLUMNS: Final = tuple(
    field.attname
    for field in Interaction._meta.concrete_fields
    if field.attname not in ("id", "decision", "attempts", "features", "dropped_fields")
)

Write = Callable[[Iterable[Interaction]], bytes]


async def in_pieces(
    rows: Rows | Sequence[Rows], write: Write, head: bytes = b""
) -> AsyncIterator[bytes]:
    """All rows, the oldest first, each piece of one short query: no transaction stays open while a
    caller reads slowly."""
    if head:
        yield head
    cursor: Cursor | None = None
    while True:
        piece, cursor = await sync_to_async(_piece)(rows, write, cursor)
        if piece:
            yield piece
        if cursor is None:
            return


def _piece(
    rows: Rows | Sequence[Rows], write: Write, cursor: Cursor | None
) -> tuple[bytes, Cursor | None]:
    found = oldest_first(rows, PIECE, cursor)
    piece = write(found)
    if len(found) < PIECE:
        return piece, None
    return piece, Cursor(False, found[-1].time, found[-1].pk)


def json_lines(rows: Iterable[Interaction]) -> bytes:
    """One record a line, as in the API's list."""
    encode: Callable[[InteractionRecord], bytes] = msgspec.json.Encoder().encode
    return b"".join(encode(record_of(row)) + b"\n" for row in rows)


def csv_head() -> bytes:
    return _csv([CSV_COLUMNS])


def csv_lines(rows: Iterable[Interaction]) -> bytes:
    """The plain columns of the list; what has parts of its own is in the JSON lines alone."""
    return _csv([safe_cell(getattr(row, name)) for name in CSV_COLUMNS] for row in rows)


def _csv(lines: Iterable[Sequence[object]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(lines)
    return out.getvalue().encode()


def safe_cell(value: object) -> object:
    """Names are the operators' and the callers': none of them is a formula."""
    if isinstance(value, str) and value.startswith(RISKY):
        return f"'{value}"
    return "" if value is None else value
