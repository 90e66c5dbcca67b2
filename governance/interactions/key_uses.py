"""When each API key was last used, for operators who look for keys nobody needs any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Final

from governance.interactions.record import InteractionRecord
from governance.models.api_key import ApiKey

INTERVAL: Final = 60.0
"""Seconds between two writes: nobody needs to know it to the second."""


class KeyUses:
    """Collects the latest use of each key and writes it down now and then. For one thread."""

    def __init__(
        self, *, interval: float = INTERVAL, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._interval = interval
        self._clock = clock
        self._due = clock()
        self._uses: dict[str, str] = {}
        self._callers: dict[str, tuple[str, str, str]] = {}
        """When, from which address and by which client, by key."""

    def saw(self, records: Iterable[InteractionRecord]) -> None:
        uses = self._uses
        for record in records:
            if record.key is not None and record.key.id:
                # Texts of ISO 8601 in one zone sort as the times they name.
                uses[record.key.id] = max(record.time, uses.get(record.key.id, ""))

    def came_from(self, key: str, at: str, address: str, client: str) -> None:
        """From where a key was used."""
        if at >= self._callers.get(key, ("",))[0]:
            self._callers[key] = at, address, client

    def write(self, *, now: bool = False) -> None:
        """Writes what was seen if it is due, or `now`. Raises database errors; nothing is lost."""
        if not self._uses or not (now or self._clock() >= self._due):
            return
        callers = {key: one[1:] for key, one in self._callers.items()}
        uses = {key: datetime.fromisoformat(at) for key, at in self._uses.items()}
        note_uses(uses, callers)
        self._uses.clear()
        self._callers.clear()
        self._due = self._clock() + self._interval


_NOTED: Final = ("last_used_at", "last_used_address", "last_used_client")


def note_uses(
    uses: Mapping[str, datetime], callers: Mapping[str, tuple[str, str]] = MappingProxyType({})
) -> None:
    """No change of the configuration: no version of the table, no revision."""
    rows = list(ApiKey.objects.filter(pk__in=uses).only("id", *_NOTED))
    for row in rows:
        seen = uses[row.id]
        if row.last_used_at is None or seen >= row.last_used_at:
            row.last_used_at = seen
            if row.id in callers:
                address, client = callers[row.id]
                row.last_used_address, row.last_used_client = address[:64], client[:200]
    ApiKey.objects.bulk_update(rows, _NOTED, batch_size=500)
