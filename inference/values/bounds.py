"""How long names and lists of a request may be, and how deep it may be nested: one table for all.

Real requests stay far below. What is bounded here costs the gateway work per name or per level,
and ends in its records.
"""

from __future__ import annotations

from collections.abc import Callable
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
_KEPT: Final = bytes.maketrans(b"{}", b"[]")
_DROPPED: Final = bytes(set(range(256)) - set(b'[]{}"'))
_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


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


def check_nesting(body: bytes) -> None:
    """Raises `BadRequest` for a body that is nested too deep.

    Nothing is decoded: a few passes in C over the body, and none where it has few brackets.
    """
    if _opened(body) > NESTING and _deeper(body, NESTING):
        name = _deep_field(body)
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


def _deeper(text: bytes, levels: int) -> bool:
    """Whether brackets outside of strings stand within each other more than `levels` deep.

    Every pass takes the innermost level away. What is no JSON may be told either way.
    """
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


def _deep_field(body: bytes) -> str | None:
    """The field of the body that is to blame, None where the body cannot be read so far."""
    try:
        fields: dict[str, Any] = _FIELDS.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return next((name for name, raw in fields.items() if _deeper(bytes(raw), NESTING - 1)), None)
