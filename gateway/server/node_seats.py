"""Requests at a time that the processes of a node share: a lock on one byte of a file for each.

Taking one never waits. The system gives back what a process held when that ends, however it does,
so that nothing has to be counted or cleaned up.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import random
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

log = structlog.get_logger("pointsman.health")

TRIES: Final = 64
"""Bytes tried, from a random one on: of limits that are higher, one that is nearly used up may
seem so."""
ALONE: Final = -1
"""Stands for a place where no file is to be had: then the process counts for itself."""
_TAKEN: Final = frozenset({errno.EACCES, errno.EAGAIN})


class NodeSeats:
    """By casefolded provider. For one thread."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._files: dict[str, int] = {}
        self._mine: dict[str, set[int]] = {}
        self._alone: set[str] = set()
        """Providers whose file cannot be used; that is said once."""
        # Not for secrets: it spreads processes over the bytes.
        self._rng = random.Random()  # noqa: S311

    def take(self, provider: str, limit: int) -> int | None:
        file = None if provider in self._alone else self._file(provider)
        if file is None:
            return ALONE
        mine = self._mine.setdefault(provider, set())
        first = int(self._rng.random() * limit)
        for step in range(min(limit, TRIES)):
            seat = (first + step) % limit
            # What this process holds its own lock would be granted again.
            if seat in mine:
                continue
            try:
                fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, seat)
            except OSError as error:
                if error.errno in _TAKEN:
                    continue
                self._give_up(provider, error)
                return ALONE
            mine.add(seat)
            return seat
        return None

    def give(self, provider: str, seat: int) -> None:
        file, mine = self._files.get(provider), self._mine.get(provider, set())
        if file is None or seat not in mine:
            return
        mine.discard(seat)
        with suppress(OSError):
            fcntl.lockf(file, fcntl.LOCK_UN, 1, seat)

    def close(self) -> None:
        """Gives back everything."""
        files, self._files, self._mine = self._files, {}, {}
        for file in files.values():
            os.close(file)

    def _file(self, provider: str) -> int | None:
        file = self._files.get(provider)
        if file is None:
            name = hashlib.sha256(provider.encode()).hexdigest()[:32]
            try:
                self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
                flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
                file = self._files[provider] = os.open(self._directory / name, flags, 0o600)
            except OSError as error:
                self._give_up(provider, error)
        return file

    def _give_up(self, provider: str, error: OSError) -> None:
        self._alone.add(provider)
        log.warning("limit_not_shared", provider=provider, reason=error.strerror)
