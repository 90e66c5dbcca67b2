"""What providers hold for callers: files and batches, each of one key."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class HeldObject(NamedTuple):
    """A file or a batch, as its provider has it."""

    shelf: str
    """The request type that makes its like."""
    id: str
    """As the provider gave it."""
    document: bytes = b""
    """What the provider said of it; empty where nobody asked yet."""


class HeldRow(NamedTuple):
    """One that was noted, and who holds it."""

    provider: str
    id: str
    document: bytes


class HeldPage(NamedTuple):
    rows: list[HeldRow]
    has_more: bool


class HeldBookAway(Exception):
    """What was noted cannot be read now."""


class HeldBook(Protocol):
    """Which key made what: no provider tells, since all keys share its credential.

    Nobody but whoever lists, makes or deletes such an object waits for it.
    """

    async def note(self, key: str, provider: str, held: HeldObject) -> None:
        """What cannot be noted is missing in lists, and of use all the same."""

    async def forget(self, key: str, provider: str, name: str) -> None: ...

    async def page(
        self, key: str, shelf: str, *, limit: int, beside: str, newer: bool, oldest_first: bool
    ) -> HeldPage:
        """At most `limit` that follow the one whose id is `beside` (empty: from the beginning),
        or come before it where `newer`. Raises `HeldBookAway`."""
        ...
