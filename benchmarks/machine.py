"""The machine: which core does what, and what a process used."""

from __future__ import annotations

import os
import platform
import resource
import signal
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_CHECKOUT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Cores:
    """Where the gateways run and where the load does; None leaves it to the system."""

    gateway: int | None
    load: int | None
    mock: int | None

    @staticmethod
    def of_this_machine() -> Cores:
        """With one core nothing is pinned; with two the mock shares the load generator's."""
        if not hasattr(os, "sched_getaffinity"):
            return Cores(None, None, None)
        usable = sorted(os.sched_getaffinity(0))
        if len(usable) < 2:
            return Cores(None, None, None)
        return Cores(usable[0], usable[1], usable[2] if len(usable) > 2 else usable[1])


def pin(core: int | None) -> None:
    """Keeps this process, and what it starts from now on, on one core."""
    if core is not None:
        os.sched_setaffinity(0, {core})


def allow_many_connections(count: int = 16384) -> None:
    """Raises the limit of open files as far as the system lets us; children inherit it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = count if hard == resource.RLIM_INFINITY else min(count, hard)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


@dataclass(frozen=True)
class CpuTime:
    """Seconds that processes ran, and that they were ready to run while others did."""

    ran: float
    loop: float
    """Of `ran`, the first thread of each process: the event loop."""
    waited: float
    """Of the first threads."""

    def __sub__(self, before: CpuTime) -> CpuTime:
        return CpuTime(self.ran - before.ran, self.loop - before.loop, self.waited - before.waited)


HEARD_SECONDS: Final = 0.5
"""Within which a supervisor looks, and a web process that slept gives a sign of life."""


@contextmanager
def halted(pids: Collection[int]) -> Iterator[None]:
    """Keeps processes from running for a while, and those that started them.

    A supervisor that went on would take its halted processes for frozen ones, and replace them.
    """
    whole = ({_parent(pid) for pid in pids} - {os.getpid()}) | set(pids)
    for pid in whole:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in whole:
            os.kill(pid, signal.SIGCONT)
        if whole:
            # Halted again at once, a supervisor would hear nothing of its web processes for long.
            time.sleep(HEARD_SECONDS)


def _parent(pid: int) -> int:
    # The name before it, in parentheses, may hold anything.
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def cpu_time(pids: Sequence[int]) -> CpuTime | None:
    """Of all threads until now; None where /proc does not tell."""
    ran = loop = waited = 0
    for pid in pids:
        for stat in Path(f"/proc/{pid}/task").glob("*/schedstat"):
            try:
                fields = stat.read_text().split()
            except OSError:
                continue  # a thread that ended meanwhile
            ran += int(fields[0])
            if stat.parent.name == str(pid):
                loop, waited = loop + int(fields[0]), waited + int(fields[1])
    return CpuTime(ran / 1e9, loop / 1e9, waited / 1e9) if ran else None


def resident_mib(pid: int) -> float | None:
    """Memory a process holds, in MiB; None where /proc is absent."""
    try:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return None


def children(pid: int) -> list[int]:
    """Processes that `pid` started."""
    found = []
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in task.read_text().split()]
    return found


def description() -> dict[str, Any]:
    """What the figures belong to."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "commit": _commit(),
        **{name: _version(name) for name in ("uvicorn", "uvloop", "httptools", "aiohttp")},
    }


def _version(name: str) -> str:
    from importlib.metadata import version

    return version(name)


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or sys.platform


def _commit() -> str:
    import subprocess

    try:
        found = subprocess.run(
            ["git", "describe", "--always", "--dirty"],
            cwd=_CHECKOUT,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return found.stdout.strip()
