"""Reading upstreams' answers leniently: an odd leaf must not cost the answer around it.

An answer of the documented form is decoded at full speed. Only what does not fit is read again,
member by member: a number where a text is due becomes one, what cannot be read is as if absent.
"""

from __future__ import annotations

import functools
import json
import types
import typing
from typing import Any, Final, Generic, TypeVar

import msgspec

T = TypeVar("T", bound=msgspec.Struct)

_ABSENT: Final = object()
_JSON_TEXTS: Final = frozenset({"arguments", "partial_json"})
"""Members that are JSON in a text; some servers leave out the text around it."""


class LenientDecoder(Generic[T]):
    """Decodes JSON objects to `kind`, whatever their leaves are.

    `trunk` names the list of objects without which there is no answer.
    """

    def __init__(self, kind: type[T], trunk: str = "") -> None:
        self._kind = kind
        self._trunk = trunk
        self._strict = msgspec.json.Decoder(kind)

    def decode(self, data: bytes) -> T:
        """Raises what is in `BROKEN_JSON`: for what is no JSON, or no object."""
        try:
            return self._strict.decode(data)
        except msgspec.DecodeError:
            value = loads(data)
            trunk = value.get(self._trunk) if isinstance(value, dict) else None
            if trunk is not None and not _is_list_of_objects(trunk):
                raise
            return of_value(self._kind, value)


def loads(data: bytes) -> Any:
    """JSON as lax servers write it: with `NaN`, and with halves of surrogate pairs."""
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        try:
            value = json.loads(data.decode(), parse_constant=lambda _: None)
        except ValueError as broken:
            if isinstance(broken, UnicodeDecodeError):
                raise
            raise error from None
        return _clean(value)


def of_value(kind: type[T], value: Any) -> T:
    """The struct that a decoded object spells. Raises `msgspec.ValidationError`."""
    if not isinstance(value, dict):
        raise msgspec.ValidationError("Expected an object.")
    known = {}
    for name, form in _members(kind):
        read = _read(form, value[name], name) if name in value else _ABSENT
        if read is not _ABSENT:
            known[name] = read
    try:
        return kind(**known)
    except TypeError as error:
        raise msgspec.ValidationError(str(error)) from None


def _is_list_of_objects(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(inner, dict) for inner in value)


def count_of(value: Any) -> int | None:
    """A whole number, also as a float or in a text; None for what is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value)
        except ValueError:
            return None
    if isinstance(value, float):
        return int(value) if abs(value) < 2**53 else None
    return value if isinstance(value, int) else None


@functools.cache
def _members(kind: type[msgspec.Struct]) -> list[tuple[str, Any]]:
    return [(field.encode_name, field.type) for field in msgspec.structs.fields(kind)]


def _read(form: Any, value: Any, name: str) -> Any:
    """The value in this form, or `_ABSENT`."""
    origin = typing.get_origin(form)
    if form is Any:
        return value
    if form is msgspec.Raw:
        return _ABSENT if value is None else msgspec.Raw(msgspec.json.encode(value))
    if origin in (typing.Union, types.UnionType):
        return _of_union(typing.get_args(form), value, name)
    if origin is list:
        return _of_list(typing.get_args(form)[0], value, name)
    if origin is dict or form is dict:
        return value if isinstance(value, dict) else _ABSENT
    if isinstance(form, type) and issubclass(form, msgspec.Struct):
        return of_value(form, value) if isinstance(value, dict) else _ABSENT
    return _leaf(form, value, name)


def _of_union(forms: tuple[Any, ...], value: Any, name: str) -> Any:
    for form in forms:
        if isinstance(value, typing.get_origin(form) or form):
            return _read(form, value, name)
    for form in forms:
        read = _read(form, value, name) if form is not types.NoneType else _ABSENT
        if read is not _ABSENT:
            return read
    return _ABSENT


def _of_list(form: Any, value: Any, name: str) -> Any:
    if not isinstance(value, list):
        return _ABSENT
    read = []
    for inner in value:
        try:
            read.append(_read(form, inner, name))
        except msgspec.ValidationError:
            continue
    return [inner for inner in read if inner is not _ABSENT]


def _leaf(form: Any, value: Any, name: str) -> Any:
    if form is str:
        if isinstance(value, str):
            return value
        if name in _JSON_TEXTS and isinstance(value, dict | list):
            return msgspec.json.encode(value).decode()
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return str(value) if number else _ABSENT
    if form is int:
        count = count_of(value)
        return _ABSENT if count is None else count
    if form is float:
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return float(value) if number else _ABSENT
    return value if isinstance(value, form) else _ABSENT


def _clean(value: Any) -> Any:
    """Without halves of surrogate pairs, which no UTF-8 can hold."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, list):
        return [_clean(inner) for inner in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(inner) for name, inner in value.items()}
    return value
