"""The members of a request's body, of which only those that are looked at are decoded."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

_SHALLOW: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_UNREADABLE: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class BodyMembers:
    """A JSON object. Long histories stay the bytes they are unless a repair looks into them."""

    __slots__ = ("_members", "_raw")

    def __init__(self, body: bytes) -> None:
        """Of a body that is no object there are no members."""
        try:
            self._raw: dict[str, msgspec.Raw] = _SHALLOW.decode(body)
        except _UNREADABLE:
            self._raw = {}
        self._members: dict[str, Any] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._raw

    def get(self, name: str) -> Any:
        """Of a member that is absent None; what comes back may be changed and then `set`."""
        if name not in self._raw:
            return None
        if name not in self._members:
            try:
                self._members[name] = msgspec.json.decode(self._raw[name])
            except _UNREADABLE:
                self._members[name] = None
        return self._members[name]

    def set(self, name: str, value: Any) -> None:
        self._members[name] = value
        self._raw[name] = msgspec.Raw(msgspec.json.encode(value))

    def drop(self, name: str) -> None:
        self._raw.pop(name, None)
        self._members.pop(name, None)

    def encoded(self) -> bytes:
        return msgspec.json.encode(self._raw)


def objects(value: Any) -> Iterator[dict[str, Any]]:
    """The objects of a list; none of what is no list."""
    if isinstance(value, list):
        for one in value:
            if isinstance(one, dict):
                yield one
