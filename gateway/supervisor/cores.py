"""A core of its own for each web process: what moves from core to core leaves its caches behind."""

from __future__ import annotations

import os
from contextlib import suppress

from gateway.supervisor.startup_error import StartupError


def usable() -> tuple[int, ...]:
    """The cores this process may use. Raises `StartupError` where processes cannot be pinned."""
    if not hasattr(os, "sched_getaffinity"):
        raise StartupError("--pin needs Linux: this system does not pin processes to cores.")
    return tuple(sorted(os.sched_getaffinity(0)))


def pin(pid: int, core: int) -> None:
    """Keeps a process that has just begun, and every thread it will start, on a core."""
    with suppress(ProcessLookupError):
        os.sched_setaffinity(pid, {core})
