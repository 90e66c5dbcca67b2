"""How fast rows may be written: requests come first."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Final

FAST: Final = 2000
"""Rows a second while there is processor time to spare: more than anybody reads."""
SLOW: Final = 250
"""Rows a second while requests need the interpreter."""
SLOWEST: Final = 100
"""Rows a second while requests need the one core there is, too."""
BUSY: Final = 0.5
"""Share of a core this process uses from which on it counts as busy."""
_WINDOW: Final = 0.05
"""Seconds between two looks: a burst of requests should not meet the rows of the one before."""


class Pace:
    """Rows a second, by how busy this process is. For one thread."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.monotonic,
        processor: Callable[[], float] = time.process_time,
        cores: int | None = None,
    ) -> None:
        """`processor` tells the seconds of processor time this process has used, `cores` how many
        it may use; all that the system lets it when None."""
        self._clock = clock
        self._processor = processor
        self._since = clock()
        self._used = processor()
        self._pace = FAST
        self._slow = SLOW if (cores or _cores()) > 1 else SLOWEST

    def now(self) -> int:
        at = self._clock()
        passed = at - self._since
        if passed >= _WINDOW:
            used = self._processor()
            self._pace = self._slow if (used - self._used) / passed > BUSY else FAST
            self._since, self._used = at, used
        return self._pace


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
