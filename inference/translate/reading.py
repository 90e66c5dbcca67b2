"""Reading a request or an answer for translation: typed, with the path of what does not fit."""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from inference.asks.common import typed
from inference.inbound import BadRequest, Inbound
from inference.translate.base import Inexpressible

T = TypeVar("T")

_NULL: Final = msgspec.Raw(b"null")
BROKEN_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding an upstream's bytes raises, `msgspec.ValidationError` among them."""


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

    def add_unknown(self, inbound: Inbound, known: frozenset[str]) -> None:
        """Every field of the request that nothing reads; null says nothing."""
        for name, value in inbound.fields.items():
            if name not in known and value != _NULL:
                self.add(name)

    def names(self) -> tuple[str, ...]:
        return tuple(self._names)
