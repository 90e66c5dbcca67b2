"""How much memory a process may use for bodies, and giving back what large ones took."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

_MMAP_THRESHOLD: Final = -3
"""`M_MMAP_THRESHOLD` of mallopt(3)."""
_TRIM_THRESHOLD: Final = -1
"""`M_TRIM_THRESHOLD` of mallopt(3)."""
_ARENA_MAX: Final = -8
"""`M_ARENA_MAX` of mallopt(3)."""
_APART: Final = 4 * 1024 * 1024
"""Bytes from which on a block is mapped by itself, and unmapped when it is freed. Each of its pages
costs a fault every time, which for a copy of one MiB is more than the copying."""
_KEPT: Final = 32 * 1024 * 1024
"""Bytes that stay with the process, free, at the end of its heap: what a request with a body needs
is not asked for anew, page by page, by the next."""
_TUNABLES: Final = "GLIBC_TUNABLES"
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
        library = ctypes.CDLL(None)
        library.mallopt(_MMAP_THRESHOLD, _APART)
        library.mallopt(_TRIM_THRESHOLD, _KEPT)
        # One heap for all threads: the ends of those that threads have for themselves are not
        # given back by `give_back`.
        library.mallopt(_ARENA_MAX, 1)


def with_huge_pages(environment: Mapping[str, str]) -> dict[str, str]:
    """What a process is to find in its environment so that it asks for transparent huge pages.

    A block that is mapped by itself is new to the process, and costs a fault for each of its pages
    when it is first written to: with pages of 4 KiB that is most of what a copy of a large body
    costs. glibc reads this before `main`; where there is another C library nobody reads it.
    """
    given = environment.get(_TUNABLES, "")
    if "glibc.malloc.hugetlb" in given:
        return {}
    return {_TUNABLES: ":".join(filter(None, (given, "glibc.malloc.hugetlb=1")))}


def give_back() -> None:
    """Hands free pages of the heap back to the system, where the C library can."""
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
