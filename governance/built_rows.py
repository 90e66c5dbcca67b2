"""Rows as values of ours, one by one: a row that cannot be read is out of service alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import structlog
from django.db import DatabaseError
from django.db.models import Expression, QuerySet

from governance.many_rows import read

log = structlog.get_logger("pointsman.loading")

Row = tuple[str, str]
"""A model's name as Django has it (`governance.provider`) and the row's primary key."""
T = TypeVar("T")


def built(
    rows: QuerySet[Any],
    columns: Sequence[str | Expression] | None,
    build: Callable[[Any], T],
    broken: dict[Row, str],
    *,
    many: bool = False,
) -> Iterator[tuple[Any, T]]:
    """Primary key and value of each row, in their order; those that cannot be built are noted.

    `build` takes the row, or the values of `columns`.
    """
    label = rows.model._meta.label_lower
    found = _read_many(rows, columns, broken) if many else _read(rows, columns, broken)
    for key, row in found:
        try:
            made = build(row)
        except Exception as error:
            _note((label, str(key)), error, broken)
        else:
            if broken:
                broken.pop((label, str(key)), None)
            yield key, made


def _read_many(
    rows: QuerySet[Any], columns: Sequence[str | Expression] | None, broken: dict[Row, str]
) -> Iterator[tuple[Any, Any]]:
    """Where one cannot be decoded, all are read again as `_read` does."""
    try:
        for row in read(rows, columns or ()):
            yield row[0], row[1:]
    except DatabaseError:
        raise
    except Exception:
        yield from _read(rows, columns, broken)


def _read(
    rows: QuerySet[Any], columns: Sequence[str | Expression] | None, broken: dict[Row, str]
) -> list[tuple[Any, Any]]:
    """Keys and rows. Where one cannot be decoded, they are read one by one without it."""

    def of(some: QuerySet[Any]) -> list[tuple[Any, Any]]:
        if columns is None:
            return [(row.pk, row) for row in some]
        return [(row[0], row[1:]) for row in some.values_list("pk", *columns)]

    try:
        return of(rows)
    except DatabaseError:
        raise
    except Exception:
        found = []
        for key in list(rows.values_list("pk", flat=True)):
            try:
                found += of(rows.filter(pk=key))
            except DatabaseError:
                raise
            except Exception as error:
                _note((rows.model._meta.label_lower, str(key)), error, broken)
        return found


def _note(row: Row, error: Exception, broken: dict[Row, str]) -> None:
    said = error.args[0] if error.args else ""
    words = said.decode(errors="replace") if isinstance(said, bytes) else str(error)
    broken[row] = f"{type(error).__name__}: {words}"[:300]
    log.error("row_out_of_service", model=row[0], row=row[1], reason=broken[row])
