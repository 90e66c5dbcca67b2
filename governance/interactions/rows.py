"""Records as rows and back. Content stays out of the database.

Columns follow from the record's fields by name: a name and an id each for a `NamedRef`, one for
each class of tokens of `usage`, JSON for what has parts of its own.
"""

from __future__ import annotations

import types
import typing
from collections.abc import Callable
from datetime import UTC, datetime
from operator import attrgetter, gt
from typing import Any, Final

import msgspec
from msgspec.structs import astuple

from governance.interactions.record import InteractionRecord, NamedRef, Usage
from governance.models.interaction import Interaction

_CONTENT: Final = frozenset({"request", "answer"})
"""Fields that are no part of a row."""
_RENAMED: Final = {"id": "request_id"}
"""`id` is the row's own."""
_USAGE: Final = {
    one.name: one.encode_name for one in msgspec.structs.fields(Usage) if one.name != "units"
}
"""The column of each class of tokens. What is counted beside these stands with the attempts."""
_encode: Final = msgspec.json.Encoder().encode

Moment = Callable[[datetime], Any]
Get = Callable[[InteractionRecord], tuple[Any, ...]]


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


def _kind(name: str) -> str:
    shape = _SHAPES[name]
    if shape is NamedRef or shape is Usage:
        return shape.__name__
    if name == "time" or shape is str:
        return "time" if name == "time" else "text"
    return "json" if _is_json(name) else "plain"


def _of_kind(kind: str) -> tuple[str, ...]:
    return tuple(name for name in _SHAPES if _kind(name) == kind)


_TEXTS: Final = (*_of_kind("text"), "errors")
_NAMED: Final = _of_kind("NamedRef")
_ORDER: Final = (
    *(_TEXTS[0], "time", *_TEXTS[1:], *_of_kind("plain")),
    *(*_of_kind("Usage"), *_NAMED, *_of_kind("json")),
)
COLUMNS: Final = tuple(
    column for name in _ORDER for column in (_columns(name) if name in _SHAPES else (name,))
)
"""In the order of `values_of`: by how a value is made of its field."""
_most: Final = {field.name: field.max_length for field in Interaction._meta.concrete_fields}
_LENGTHS: Final = tuple(_most[_RENAMED.get(name, name)] or 0 for name in _TEXTS)
_texts: Final[Get] = attrgetter(*_TEXTS)
_plain: Final[Get] = attrgetter(*_of_kind("plain"))
_named: Final[Get] = attrgetter(*_NAMED)
_parts: Final[Get] = attrgetter(*_of_kind("json"))
_NOBODY: Final = ("", "")
_NO_USAGE: Final = (None,) * len(_USAGE)


def values_of(record: InteractionRecord, moment: Moment) -> tuple[Any, ...]:
    """What an INSERT of `COLUMNS` binds; `moment` makes a time as the database takes it.

    Several times as fast as a model instance and `bulk_create`.
    """
    texts = _texts(record)
    if True in map(gt, map(len, texts), _LENGTHS):
        texts = tuple(text[:most] for text, most in zip(texts, _LENGTHS, strict=True))
    usage = record.usage
    values = [
        *(texts[0], moment(datetime.fromisoformat(record.time)), *texts[1:], *_plain(record)),
        *(_NO_USAGE if usage is None else astuple(usage)[: len(_USAGE)]),
    ]
    for named in _named(record):
        values += _NOBODY if named is None else (named.id, named.name)
    values += [_encode(part).decode() for part in _parts(record)]
    return tuple(values)


def record_of(row: Interaction) -> InteractionRecord:
    """The record a row was made of."""
    record = InteractionRecord(**{name: _value(row, name) for name in _SHAPES})
    last = record.attempts[-1].usage if record.attempts else None
    if record.usage is None or last is None or not last.units:
        return record
    usage = msgspec.structs.replace(record.usage, units=last.units)
    return msgspec.structs.replace(record, usage=usage)


def _value(row: Interaction, name: str) -> Any:
    shape = _SHAPES[name]
    values = [getattr(row, column) for column in _columns(name)]
    if shape is NamedRef:
        return NamedRef(*values) if any(values) else None
    if shape is Usage:
        if values[0] is None:
            return None
        prompt, completion, cached, cache_written, reasoning = (count or 0 for count in values)
        return Usage(prompt, completion, cached, cache_written, reasoning)
    if name == "time":
        return values[0].astimezone(UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
    return msgspec.convert(values[0], shape) if _is_json(name) else values[0]
