"""Records as rows and back. Content stays out of the database.

Columns follow from the record's fields by name: a name and an id each for a `NamedRef`, one for
each class of tokens of `usage`, JSON for what has parts of its own.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, Final

import msgspec

from governance.interactions.record import InteractionRecord, NamedRef, Usage
from governance.models.interaction import Interaction

_CONTENT: Final = frozenset({"request", "answer"})
"""Fields that are no part of a row."""
_RENAMED: Final = {"id": "request_id"}
"""`id` is the row's own."""
_USAGE: Final = {one.name: one.encode_name for one in msgspec.structs.fields(Usage)}
"""The column of each class of tokens."""
_encode: Final = msgspec.json.Encoder().encode

Moment = Callable[[datetime], Any]
Get = Callable[[InteractionRecord, Moment], tuple[Any, ...]]


def _shape(annotation: Any) -> Any:
    """The type of a field without its `| None`."""
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return next(one for one in typing.get_args(annotation) if one is not type(None))
    return annotation


_SHAPES: Final = {
    name: _shape(annotation)
    for name, annotation in typing.get_type_hints(InteractionRecord).items()
    if name in InteractionRecord.__struct_fields__ and name not in _CONTENT
}


def _columns(name: str) -> tuple[str, ...]:
    shape = _SHAPES[name]
    if shape is NamedRef:
        return f"{name}_id", f"{name}_name"
    if shape is Usage:
        return tuple(_USAGE.values())
    return (_RENAMED.get(name, name),)


def _is_json(name: str) -> bool:
    shape = _SHAPES[name]
    return typing.get_origin(shape) is tuple or issubclass(shape, msgspec.Struct)


COLUMNS: Final = (*(column for name in _SHAPES for column in _columns(name)), "errors")
"""In the order of `values_of`."""
_LENGTHS: Final = {
    field.column: field.max_length
    for field in Interaction._meta.concrete_fields
    if field.max_length
}
_NOBODY: Final = NamedRef("", "")
_NO_USAGE: Final = (None,) * len(_USAGE)


def values_of(record: InteractionRecord, moment: Moment) -> tuple[Any, ...]:
    """What an INSERT of `COLUMNS` binds; `moment` makes a time as the database takes it.

    Several times as fast as a model instance and `bulk_create`.
    """
    values: list[Any] = []
    for name, kind, limit in _PLAN:
        value = getattr(record, name)
        if kind == "text":
            values.append(value if len(value) <= limit else value[:limit])
        elif kind == "plain":
            values.append(value)
        elif kind == "json":
            values.append(_encode(value).decode())
        elif kind == "named":
            named = value or _NOBODY
            values += (named.id, named.name)
        elif kind == "time":
            values.append(moment(datetime.fromisoformat(value)))
        else:
            values += _NO_USAGE if value is None else msgspec.structs.astuple(value)
    return tuple(values)


def _plan() -> Iterator[tuple[str, str, int]]:
    for name, shape in _SHAPES.items():
        if shape is NamedRef:
            yield name, "named", 0
        elif shape is Usage:
            yield name, "usage", 0
        elif name == "time":
            yield name, "time", 0
        elif shape is str:
            yield name, "text", _LENGTHS[_RENAMED.get(name, name)]
        else:
            yield name, "json" if _is_json(name) else "plain", 0
    yield "errors", "text", _LENGTHS["errors"]


_PLAN: Final = tuple(_plan())


def record_of(row: Interaction) -> InteractionRecord:
    """The record a row was made of."""
    return InteractionRecord(**{name: _value(row, name) for name in _SHAPES})


def _value(row: Interaction, name: str) -> Any:
    shape = _SHAPES[name]
    values = [getattr(row, column) for column in _columns(name)]
    if shape is NamedRef:
        return NamedRef(*values) if any(values) else None
    if shape is Usage:
        return None if values[0] is None else Usage(*(count or 0 for count in values))
    if name == "time":
        return values[0].astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
    return msgspec.convert(values[0], shape) if _is_json(name) else values[0]
