"""Which key made what providers hold, in the database.

Asked by those alone who make, list or delete such objects, each on a thread of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, TypeVar

import structlog
from channels.db import database_sync_to_async
from django.db import DatabaseError

from governance.held_entries import forget_held, held_page, note_held
from inference.values.held_object import HeldBookAway, HeldObject, HeldPage, HeldRow

log = structlog.get_logger("pointsman.held")

T = TypeVar("T")
PATIENCE: Final = 5.0
"""Seconds."""


class DatabaseHeldBook:
    """A `HeldBook`."""

    async def note(self, key: str, provider: str, held: HeldObject) -> None:
        document = held.document.decode("utf-8", "replace").replace("\0", "")
        try:
            await _asked(note_held, key, provider, held.shelf, held.id, document)
        except HeldBookAway:
            log.warning("held_not_noted", provider=provider)

    async def forget(self, key: str, provider: str, name: str) -> None:
        try:
            await _asked(forget_held, key, provider, name)
        except HeldBookAway:
            log.warning("held_not_forgotten", provider=provider)

    async def page(
        self, key: str, shelf: str, *, limit: int, beside: str, newer: bool, oldest_first: bool
    ) -> HeldPage:
        rows, has_more = await _asked(
            held_page, key, shelf, limit=limit, beside=beside, newer=newer,
            oldest_first=oldest_first,
        )  # fmt: skip
        noted = [HeldRow(provider, name, told.encode()) for provider, name, told in rows]
        return HeldPage(noted, has_more)


async def _asked(question: Callable[..., T], *given: Any, **named: Any) -> T:
    """Raises `HeldBookAway`."""
    try:
        async with asyncio.timeout(PATIENCE):
            answer: T = await database_sync_to_async(question, thread_sensitive=False)(
                *given, **named
            )
            return answer
    except (DatabaseError, TimeoutError, OSError):
        raise HeldBookAway from None
