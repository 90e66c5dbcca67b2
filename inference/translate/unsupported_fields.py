"""Fields of a request that its translation does not read, at any depth: none is lost in silence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

import msgspec
from msgspec import inspect

Shape: TypeAlias = dict[str, "Shape | None"]
"""The fields that are read of an object; None where a value is taken whole."""

_EMPTY: Final[tuple[Any, ...]] = (None, [], {}, "")
"""What says nothing, whatever it is called."""


def shape_of(kind: type[msgspec.Struct], *, known: frozenset[str] = frozenset()) -> Shape:
    """What a struct reads of a document; `known` are fields that are read elsewhere."""
    shape = _shape(inspect.type_info(kind), {})
    assert shape is not None
    return {**shape, **dict.fromkeys(known)}


def unsupported_fields(
    value: Any, shape: Shape, inert: frozenset[str] = frozenset(), path: str = ""
) -> Iterator[str]:
    """The names of fields outside the shape, as in `messages.content.novel`.

    Places in arrays are left out. `inert` are names that carry no wish wherever they stand, `path`
    is where `value` stands.
    """
    if isinstance(value, list):
        for inner in value:
            yield from unsupported_fields(inner, shape, inert, path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if name not in shape:
                if name not in inert and inner not in _EMPTY:
                    yield path + name
                continue
            below = shape[name]
            if below is not None:
                yield from unsupported_fields(inner, below, inert, f"{path}{name}.")


def _shape(info: inspect.Type, seen: dict[type, Shape]) -> Shape | None:
    if isinstance(info, inspect.StructType):
        shape = seen.get(info.cls)
        if shape is None:
            shape = seen[info.cls] = {}
            shape.update({f.encode_name: _shape(f.type, seen) for f in info.fields})
        return shape
    if isinstance(info, inspect.ListType):
        return _shape(info.item_type, seen)
    if isinstance(info, inspect.UnionType):
        shapes = (_shape(one, seen) for one in info.types)
        return next((shape for shape in shapes if shape is not None), None)
    return None
