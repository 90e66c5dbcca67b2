"""How much memory there is, and how much a process holds."""

import os
import sys
from pathlib import Path


def available_memory(
    meminfo: Path = Path("/proc/meminfo"), cgroup: Path = Path("/sys/fs/cgroup")
) -> int | None:
    """Bytes that can be allocated without swapping, or None where the system does not say.

    Linux counts reclaimable caches as available, and a container may have a limit of its own;
    elsewhere half of the physical memory stands in.
    """
    known = [each for each in (_of_machine(meminfo), _of_container(cgroup)) if each is not None]
    if known:
        return max(0, min(known))
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (ValueError, OSError):
        return None


def _of_machine(meminfo: Path) -> int | None:
    try:
        lines = meminfo.read_text().splitlines()
    except OSError:
        return None
    sizes = [line.split()[1] for line in lines if line.startswith("MemAvailable:")]
    return int(sizes[0]) * 1024 if sizes else None


def _of_container(cgroup: Path) -> int | None:
    """The limit of a control group, version 2, less what is used of it."""
    try:
        limit = (cgroup / "memory.max").read_text().strip()
        used = (cgroup / "memory.current").read_text().strip()
    except OSError:
        return None
    return int(limit) - int(used) if limit.isdigit() and used.isdigit() else None


def resident_memory() -> int | None:
    """Bytes of physical memory this process holds; None where that is not told (outside Linux)."""
    if sys.platform != "linux":
        return None
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
