"""When each API key was last used, for operators who look for keys nobody needs any more."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final

from governance import services
from governance.interactions.record import InteractionRecord

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

    def saw(self, records: Iterable[InteractionRecord]) -> None:
        uses = self._uses
        for record in records:
            if record.key is not None and record.key.id:
                # Texts of ISO 8601 in one zone sort as the times they name.
                uses[record.key.id] = max(record.time, uses.get(record.key.id, ""))

    def write(self, *, now: bool = False) -> None:
        """Writes what was seen if it is due, or `now`. Raises database errors; nothing is lost."""
        if not self._uses or not (now or self._clock() >= self._due):
            return
        services.note_uses({key: datetime.fromisoformat(at) for key, at in self._uses.items()})
        self._uses.clear()
        self._due = self._clock() + self._interval
