"""Reading a request or an answer for translation: typed, with the path of what does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeVar

import msgspec

from inference.translate.base import Inexpressible
from inference.translate.unsupported_fields import Shape, unsupported_fields
from inference.values.parsed_request import BadRequest
from inference.values.parsing import typed

T = TypeVar("T", bound=msgspec.Struct)

_LISTED: Final = 50
_LONGEST: Final = 100
"""Characters of a name."""
_SAYS_NOTHING: Final = tuple(map(msgspec.Raw, (b"null", b"[]", b"{}", b'""')))
BROKEN_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding an upstream's bytes raises, `msgspec.ValidationError` among them."""


def is_utf8(data: bytes) -> bool:
    """Whether it may leave as JSON. Most of it is ASCII, which is told at once."""
    if data.isascii():
        return True
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def read(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """A caller's request in full. Raises `Inexpressible` naming what is not of its form."""
    try:
        return typed(decoder, body)
    except BadRequest as error:
        raise Inexpressible(error.field or "body", error.message) from None


class Dropped:
    """Hints left out on the way, each named once, in the order they were met."""

    def __init__(self) -> None:
        self._names: dict[str, None] = {}

    def add(self, *names: str) -> None:
        self._names.update(dict.fromkeys(names))

    def add_unsupported(
        self, fields: Mapping[str, msgspec.Raw], shape: Shape, inert: frozenset[str] = frozenset()
    ) -> None:
        """Every field of the request that nothing reads, at any depth. Raises `Inexpressible`."""
        for name, value in fields.items():
            if name not in shape:
                if value not in _SAYS_NOTHING:
                    self.add(name)
                continue
            below = shape[name]
            if below is not None:
                try:
                    self.add(
                        *unsupported_fields(msgspec.json.decode(value), below, inert, f"{name}.")
                    )
                except RecursionError:
                    raise Inexpressible(name, f"`{name}` is nested too deeply.") from None

    def names(self) -> tuple[str, ...]:
        """At most `_LISTED`, and how many more there are: callers choose what they call fields."""
        names = [name if len(name) <= _LONGEST else f"{name[:_LONGEST]}..." for name in self._names]
        if len(names) > _LISTED:
            names[_LISTED:] = [f"and {len(names) - _LISTED} more"]
        return tuple(names)
