"""Reading a hundred thousand rows as frozen values.

Most of them say mostly the same. So the ORM, which would decode every value of every row, is
asked for what the database has, and what is not a row's own is decoded, and kept, once for all rows
that say it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import MISSING, fields
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, Final, Generic, TypeVar

from django.db.models import Expression, ExpressionWrapper, F, QuerySet, TextField

from governance.frozen import Frozen

T = TypeVar("T")

CHUNK: Final = 2_000
"""Rows that are read at a time, so that memory holds few of them beside what is made of them."""
REMEMBERED: Final = 20_000
"""Different things that rows say, which are kept while they are read."""
_DECODE: Final[dict[str, Callable[[Any], Any]]] = {
    "JSONField": lambda text: None if text is None else json.loads(text),
    "BooleanField": bool,
    "DateTimeField": lambda moment: moment if moment is None else _in_utc(moment),
}
"""By the type of a column, what makes a value of what the database has."""


class ManyRows(Generic[T]):
    """How many rows become one kind of frozen value."""

    def __init__(self, how: Frozen[T], own: Sequence[str], computed: Sequence[str] = ()) -> None:
        """Each row has its `own` values of these fields; `computed` are given by whoever builds."""
        shared = [name for name in how.names if name not in own]
        names = (*own, *shared)
        defaults = {
            one.name: one.default
            for one in fields(how.value)  # type: ignore[arg-type]
            if one.default is not MISSING
        }
        left = [name for name in sorted(how.computed) if name not in computed]
        places = {name: place for place, name in enumerate((*names, *computed, *left))}
        column_of = dict(zip(how.names, how.columns, strict=True))
        self.columns = tuple(_asked(column_of[name], how.types[name]) for name in names)
        self._value: Callable[..., T] = how.value
        self.own = len(own)
        """How many of `columns` come first that are a row's own."""
        self._order = itemgetter(*(places[one.name] for one in fields(how.value)))  # type: ignore[arg-type]
        self._tail = tuple(defaults[name] for name in left)
        self._convert = [_converter(how, name) for name in names]

    def builder(self) -> Callable[..., T]:
        """Makes a value of a row's own values, of the others of `columns`, and of what is computed.
        One for each time that rows are read."""
        known: dict[Sequence[Any], Sequence[Any]] = {}
        order, tail, value = self._order, self._tail, self._value
        of_own = _converting(self._convert[: self.own])
        of_shared = _converting(self._convert[self.own :])

        def build(own: Sequence[Any], said: Sequence[Any], *computed: Any) -> T:
            shared = known.get(said)
            if shared is None:
                if len(known) >= REMEMBERED:
                    known.clear()
                shared = known[said] = of_shared(said)
            return value(*order((*of_own(own), *shared, *computed, *tail)))

        return build


def read(rows: QuerySet[Any], columns: Sequence[str | Expression]) -> Iterator[tuple[Any, ...]]:
    """The primary key of each row, and its values of `columns`."""
    return iter(rows.values_list("pk", *columns).iterator(chunk_size=CHUNK))


def _asked(column: str, kind: str) -> str | Expression:
    """Of a type that the ORM does not decode, so that we have what the database has."""
    return (
        ExpressionWrapper(F(column), TextField()) if kind in (*_DECODE, "DecimalField") else column
    )


def _in_utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _converter(how: Frozen[Any], name: str) -> Callable[[Any], Any] | None:
    decode, convert = _DECODE.get(how.types[name]), how.converter(name)
    if decode is None or convert is None:
        return decode or convert
    return lambda value: convert(decode(value))


def _converting(
    converters: Sequence[Callable[[Any], Any] | None],
) -> Callable[[Sequence[Any]], Sequence[Any]]:
    needed = [(place, one) for place, one in enumerate(converters) if one is not None]
    if not needed:
        return lambda values: values

    def converted(values: Sequence[Any]) -> Sequence[Any]:
        found = list(values)
        for place, convert in needed:
            found[place] = convert(found[place])
        return found

    return converted
