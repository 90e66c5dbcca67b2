"""How much memory a process may use for bodies, and giving back what large ones took."""

from __future__ import annotations

import ctypes
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_MMAP_THRESHOLD: Final = -3
"""`M_MMAP_THRESHOLD` of mallopt(3)."""
_APART: Final = 1024 * 1024
"""Bytes from which on a block is mapped by itself, and unmapped when it is freed."""
_UNKNOWN: Final = 4 * 1024**3


def memory_limit(cgroup: Path = Path("/sys/fs/cgroup/memory.max")) -> int:
    """Bytes of memory there are, for the machine or for the container."""
    try:
        machine = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        machine = _UNKNOWN
    with suppress(OSError, ValueError):
        return min(machine, int(cgroup.read_text()))
    return machine


def keep_large_apart() -> None:
    """Large blocks do not come from the heap, where they would leave holes that nobody gets back.

    glibc does so by itself up to a size that grows with every large block that is freed.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_MMAP_THRESHOLD, _APART)


def give_back() -> None:
    """Hands free pages of the heap back to the system, where the C library can."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
