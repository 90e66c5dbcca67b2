"""A bounded memory for what follows from a table and holds as long as it is in force."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final

MEMO_LIMIT: Final = 4096
"""Entries. Keys hold text that callers choose, so there must be an end to them."""


class Memo:
    """A dictionary that forgets everything when it is full.

    Forgetting costs a few recomputations and needs no lock: each operation is a single one of a
    dictionary, and two threads that compute the same entry compute the same value.
    """

    __slots__ = ("_entries", "_limit")

    def __init__(self, limit: int = MEMO_LIMIT) -> None:
        self._entries: dict[Hashable, Any] = {}
        self._limit = limit

    def get(self, key: Hashable) -> Any:
        """What was put under the key, None when nothing was."""
        return self._entries.get(key)

    def put(self, key: Hashable, value: Any) -> None:
        if len(self._entries) >= self._limit:
            self._entries.clear()
        self._entries[key] = value

    def __len__(self) -> int:
        return len(self._entries)
