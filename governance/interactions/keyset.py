"""Paging through interactions by key, newest first: stable while rows are added, fast at any depth.

A cursor names the row at the edge of a page and the direction to go on in. It does not matter
whether that row still exists.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import msgspec
from django.db.models import Q, QuerySet

from governance.models.interaction import Interaction

Rows = QuerySet[Interaction]


class BadCursor(ValueError):
    """The text is no cursor of ours."""


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """The edge of a page: rows `older` than it, or newer."""

    older: bool
    time: datetime
    id: int

    def text(self) -> str:
        """As it stands in an address."""
        return base64.urlsafe_b64encode(msgspec.json.encode(self)).decode().rstrip("=")


def cursor_of(text: str) -> Cursor:
    """Raises `BadCursor`."""
    try:
        raw = base64.urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4))
        cursor = msgspec.json.decode(raw, type=Cursor)
        if not 0 <= cursor.id < 2**63 or cursor.time.tzinfo is None:
            raise BadCursor(text)
        cursor.time.astimezone(UTC)
    except (binascii.Error, UnicodeEncodeError, msgspec.MsgspecError, OverflowError) as error:
        raise BadCursor(text) from error
    return cursor


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, newest first, and where it goes on; None where it does not."""

    rows: Sequence[Interaction]
    newer: Cursor | None
    older: Cursor | None


def page(rows: Rows | Sequence[Rows], size: int, cursor: Cursor | None = None) -> Page:
    """The page at the cursor, by one query; without a cursor the newest rows.

    Several sets of rows are shown as one, by a query for each: every one can go along an index of
    its own, where a condition with OR would have to sort all that it finds.
    """
    older = cursor is None or cursor.older
    order = ("-time", "-id") if older else ("time", "id")
    found = _merged(rows, cursor, order, size + 1)
    more = len(found) > size
    found = found[:size]
    if not older:
        found.reverse()
    if not found:
        return Page((), None, None)
    has_newer = cursor is not None if older else more
    has_older = more if older else True
    return Page(
        found,
        Cursor(False, found[0].time, found[0].pk) if has_newer else None,
        Cursor(True, found[-1].time, found[-1].pk) if has_older else None,
    )


def oldest_first(
    rows: Rows | Sequence[Rows], size: int, cursor: Cursor | None = None
) -> list[Interaction]:
    """The next `size` rows in the order of time, after the cursor."""
    return _merged(rows, cursor, ("time", "id"), size)


def _merged(
    rows: Rows | Sequence[Rows], cursor: Cursor | None, order: tuple[str, str], most: int
) -> list[Interaction]:
    sets = [rows] if isinstance(rows, QuerySet) else rows
    found = {row.pk: row for one in sets for row in _beyond(one, cursor).order_by(*order)[:most]}
    newest_first = order[0].startswith("-")
    return sorted(found.values(), key=lambda row: (row.time, row.pk), reverse=newest_first)[:most]


def _beyond(rows: Rows, cursor: Cursor | None) -> Rows:
    if cursor is None:
        return rows
    time, pk = cursor.time, cursor.id
    if cursor.older:
        # The first condition is implied by the second; it is what an index can be searched by.
        return rows.filter(time__lte=time).filter(Q(time__lt=time) | Q(id__lt=pk))
    return rows.filter(time__gte=time).filter(Q(time__gt=time) | Q(id__gt=pk))
