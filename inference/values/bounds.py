"""How long names and lists of a request may be, and how deep it may be nested: one table for all.

Real requests stay far below. What is bounded here costs the gateway work per name or per level,
and ends in its records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from operator import attrgetter
from typing import Any, Final

import msgspec

from inference.values.parsed_request import BadRequest

CHARACTERS: Final = {"model": 256, "routing_profile": 256}
ITEMS: Final = {"stop": 16, "stop_sequences": 16, "tools": 512, "functions": 512}
_SHORTEST: Final = min([*CHARACTERS.values(), *ITEMS.values()])
NESTING: Final = 64
"""Objects and arrays within each other, the body itself being the first."""
_LONG: Final = 64 * 1024
"""Bytes from which on brackets are looked for one by one."""
_SHORT: Final = 4096
"""Bytes up to which looking at all brackets takes less time than taking apart."""
_LARGE: Final = 256 * 1024
_LEAST_PART: Final = 32
"""Bytes. What is large and has more commas than one in so many may be a great many small things,
and is not taken apart."""
_TAKEN_APART: Final = 8
"""Levels, of which each is a pass over what is long in it."""
_AROUND: Final = len('"":,')
"""Bytes that come with each field of an object."""
_STRING, _ARRAY = b'"['
_KEPT: Final = bytes.maketrans(b"{}", b"[]")
_DROPPED: Final = bytes(set(range(256)) - set(b'[]{}"'))
_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ITEMS: Final = msgspec.json.Decoder(list[msgspec.Raw])


def check_lengths(body: msgspec.Struct) -> None:
    """Raises `BadRequest` for the first field of a body that is over its bound."""
    bounds, values_of = _bounds(type(body))
    for (name, characters, items), value in zip(bounds, values_of(body), strict=True):
        if value is None or len(value) <= _SHORTEST:
            continue
        if isinstance(value, str):
            check_characters(name, value, characters)
        elif items is not None and len(value) > items:
            raise too_much(name, f"has {len(value)} items", f"{items} items")


def check_characters(name: str, text: str, bound: int | None) -> None:
    """Raises `BadRequest` for a text that is too long."""
    if bound is not None and len(text) > bound:
        raise too_much(name, f"has {len(text)} characters", f"{bound} characters")


def check_nesting(body: bytes, fields: Mapping[str, msgspec.Raw] | None = None) -> None:
    """Raises `BadRequest` for a body that is nested too deep. `fields` are its own, where it could
    be read so far."""
    if _opened(body) > NESTING and _deeper(body, NESTING, fields):
        name = _deep_field(fields or {})
        where = f"`{name}`" if name else "The body"
        raise BadRequest(f"{where} is nested deeper than {NESTING} levels, the bound.", name)


def too_much(name: str, has: str, bound: str) -> BadRequest:
    return BadRequest(f"`{name}` {has}; the bound is {bound}.", name)


_Bounds = tuple[tuple[str, int | None, int | None], ...]


@lru_cache(maxsize=64)
def _bounds(kind: type[msgspec.Struct]) -> tuple[_Bounds, Callable[[Any], tuple[Any, ...]]]:
    """Those fields of a body that have a bound, and what gives their values."""
    names = [name for name in kind.__struct_fields__ if name in CHARACTERS or name in ITEMS]
    bounds = tuple((name, CHARACTERS.get(name), ITEMS.get(name)) for name in names)
    if len(names) > 1:
        return bounds, attrgetter(*names)
    return bounds, lambda body: tuple(getattr(body, name) for name in names)


def _opened(body: bytes) -> int:
    """Opening brackets, as far as they matter. Looking for one is many times faster than counting
    them, which pays where there is much to pass over."""
    if len(body) < _LONG:
        return body.count(b"[") + body.count(b"{")
    found = 0
    for bracket in (b"[", b"{"):
        place = body.find(bracket)
        while place >= 0 and found <= NESTING:
            found += 1
            place = body.find(bracket, place + 1)
    return found


def _deeper(
    raw: bytes | msgspec.Raw, levels: int, fields: Mapping[str, msgspec.Raw] | None = None
) -> bool:
    """Whether brackets outside of strings stand within each other more than `levels` deep.

    What is no JSON may be told either way. `fields` are those of an object, where they are known.
    """
    parts = _parts(raw, levels) if fields is None else _of_object(len(raw), fields, levels)
    if parts is not None:
        return any(_deeper(part, levels - 1) for part in parts)
    text = bytes(raw)
    return _opened(text) > levels and _deeper_by_brackets(text, levels)


def _parts(raw: bytes | msgspec.Raw, levels: int) -> list[msgspec.Raw] | None:
    """What an array or an object has in it that may be too deep; None where that is not clear, or
    not worth while.

    The decoder skips a string several times faster than anything else here looks through it.
    """
    size = len(raw)
    if size <= _SHORT or levels <= NESTING - _TAKEN_APART:
        return None
    if size > _LARGE and bytes(raw).count(b",") * _LEAST_PART > size:
        return None
    try:
        if memoryview(raw)[0] == _ARRAY:
            return _may_be_deeper(_ITEMS.decode(raw), levels - 1)
        return _of_object(size, _FIELDS.decode(raw), levels)
    except (msgspec.DecodeError, RecursionError):
        return None


def _of_object(
    size: int, fields: Mapping[str, msgspec.Raw], levels: int
) -> list[msgspec.Raw] | None:
    """As `_parts`. Where a name stands twice the first of its values is not among the fields, so
    there must not be more bytes beside them than an object needs that is not deep."""
    values = fields.values()
    told = sum(map(len, fields)) + sum(map(len, values)) + _AROUND * len(fields)
    return None if size - told > 2 * levels else _may_be_deeper(values, levels - 1)


def _may_be_deeper(parts: Iterable[msgspec.Raw], levels: int) -> list[msgspec.Raw]:
    """Without strings, and what has no room for so many pairs of brackets."""
    least = 2 * levels
    return [part for part in parts if len(part) > least and memoryview(part)[0] != _STRING]


def _deeper_by_brackets(text: bytes, levels: int) -> bool:
    """A few passes in C, each of which takes the innermost level away."""
    if b"\\" in text:
        # In this order what is left of a row of backslashes escapes the quote behind it.
        text = text.replace(b"\\\\", b"").replace(b'\\"', b"")
    brackets = b"".join(text.translate(_KEPT, _DROPPED).split(b'"')[::2])
    for _ in range(levels):
        left = brackets.replace(b"[]", b"")
        if len(left) == len(brackets):
            # Nothing is left, or brackets without their like.
            return len(left) > levels
        brackets = left
    return bool(brackets)


def _deep_field(fields: Mapping[str, msgspec.Raw]) -> str | None:
    """The field of the body that is to blame, if one of them is."""
    return next((name for name, raw in fields.items() if _deeper(raw, NESTING - 1)), None)
