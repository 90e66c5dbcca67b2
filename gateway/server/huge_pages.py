"""Fewer, larger pages for what a process holds when it begins to serve.

A request reads some hundred small objects that lie anywhere in a hundred megabytes. Of pages of
4 KiB the processor knows only some by heart, and in a virtual machine looking one up is dear.
Python's allocator does not ask the system for larger ones, so this does, once; Linux only.
"""

from __future__ import annotations

import ctypes
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_MADV_HUGEPAGE: Final = 14
_MADV_COLLAPSE: Final = 25
"""Linux 6.1; before, the system collapses pages when it finds the time."""
_SYSTEM: Final = Path("/sys/kernel/mm/transparent_hugepage")
_PRESENT: Final = 1 << 63
"""Of an entry in /proc/self/pagemap."""
_ENTRY: Final = 8


def ask(seconds: float = 0.25) -> int:
    """Asks for huge pages where most of one is in use; how many it was given.

    Takes about a millisecond a page, and no more than `seconds` where the system has to make room
    for them. Does nothing where the system has none, gives them to everybody, or forbids them.
    """
    try:
        if "[madvise]" not in (_SYSTEM / "enabled").read_text():
            return 0
        size = int((_SYSTEM / "hpage_pmd_size").read_text())
        madvise = ctypes.CDLL(None).madvise
        madvise.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
        found = 0
        until = time.monotonic() + seconds
        for start in _dense(size):
            if madvise(start, size, _MADV_HUGEPAGE) == 0:
                found += madvise(start, size, _MADV_COLLAPSE) == 0
            if time.monotonic() > until:
                break
        return found
    except (OSError, ValueError, AttributeError):
        return 0


def _dense(size: int) -> Iterator[int]:
    """Where huge pages would hold little that is not in use already."""
    page = os.sysconf("SC_PAGE_SIZE")
    with open("/proc/self/pagemap", "rb", buffering=0) as pagemap:
        for start, end in _anonymous():
            for at in range(-(-start // size) * size, end - size + 1, size):
                entries = os.pread(pagemap.fileno(), size // page * _ENTRY, at // page * _ENTRY)
                present = sum(map(_PRESENT.__and__, memoryview(entries).cast("Q"))) // _PRESENT
                if present > 0.9 * (size // page):
                    yield at


def _anonymous() -> Iterator[tuple[int, int]]:
    """Where the memory of the process lies that no file stands behind."""
    for line in Path("/proc/self/maps").read_text().splitlines():
        fields = line.split()
        if fields[1] == "rw-p" and (len(fields) == 5 or fields[5] == "[heap]"):
            start, _, end = fields[0].partition("-")
            yield int(start, 16), int(end, 16)
