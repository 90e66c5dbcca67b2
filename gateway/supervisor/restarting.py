"""A process that is started again whenever it dies."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

from gateway.supervisor.child import Child
from gateway.supervisor.startup_error import StartupError

FIRST_PAUSE = 1.0
LONGEST_PAUSE = 30.0
STABLE = 60.0
"""Seconds after which a process counts as having worked: the next pause is the first one again."""


class RestartingProcess:
    """Pauses double, from `FIRST_PAUSE` to `LONGEST_PAUSE` seconds, while it keeps dying."""

    def __init__(
        self, start: Callable[[], Child], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Starts it. Raises `StartupError`."""
        self._start = start
        self._clock = clock
        self._began = clock()
        self._pause = FIRST_PAUSE
        self._due: float | None = None
        self.child = start()

    def look(self) -> None:
        """Call again and again: notices its death, and starts it once the pause is over."""
        if self.child.running():
            return
        now = self._clock()
        if self._due is None:
            if now - self._began >= STABLE:
                self._pause = FIRST_PAUSE
            status = self.child.process.returncode
            sys.stderr.write(
                f"The {self.child.name} ended with status {status}; "
                f"it is started again in {self._pause:.0f} s.\n"
            )
            self._due = now + self._pause
            self._pause = min(self._pause * 2, LONGEST_PAUSE)
        elif now >= self._due:
            self._due, self._began = None, now
            self.child.end(grace=0)
            try:
                self.child = self._start()
            except StartupError as trouble:
                sys.stderr.write(f"{trouble}\n")

    def end(self, *, grace: float) -> None:
        self.child.end(grace=grace)
