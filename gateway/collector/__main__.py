"""The collector's process: `manage.py collect`, or a child of `manage.py up`.

SIGTERM: what is in the log by then is taken in, for `GRACE_SECONDS` at most; the rest waits for the
next collector.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from inference.parent import wait_for_its_end

if TYPE_CHECKING:
    from gateway.collector.collector import Collector

os.environ["DJANGO_SETTINGS_MODULE"] = "gateway.collector.settings"

GRACE_SECONDS = 4.0
LOOK_SECONDS = 0.1
"""Between two looks at a log in which nothing is new."""
NICE = 10
"""Requests come first where processor time is short: a web process that shares its core with the
collector keeps nine tenths of it, and what it wakes up for need not wait until the collector's time
slice is over. More of it would keep limits waiting for what other processes have used."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--exit-with-parent", action="store_true", help="end with standard input")
    options = parser.parse_args()
    stopping = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopping.set())
    if options.exit_with_parent:
        threading.Thread(target=_watch_parent, args=(stopping,), daemon=True).start()
    else:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    import django

    django.setup()
    from django.conf import settings

    from gateway.collector.collector import Collector
    from gateway.collector.keeper import KeeperServer
    from gateway.collector.kept_answers import KeptAnswers
    from gateway.collector.places import places

    where = places()
    lock = _lock(where.published, where.node, stopping)
    if lock is None:
        return 0
    _give_way()
    collector = Collector(where)
    room, minutes = settings.KEPT_RESPONSES_BYTES, settings.KEPT_RESPONSES_MINUTES
    collector.alerts.start()
    keeper = KeeperServer(where.keeper, KeptAnswers(room, minutes * 60)) if room else None
    try:
        _run(collector, stopping)
    finally:
        if keeper is not None:
            keeper.close()
        collector.close()
        os.close(lock)
    return 0


def _run(collector: Collector, stopping: threading.Event) -> None:
    deadline = float("inf")
    while time.monotonic() < deadline:
        worked = collector.step()
        collector.publish_when_due()
        if worked:
            time.sleep(collector.rest)
        elif stopping.is_set():
            return
        else:
            stopping.wait(LOOK_SECONDS)
        if stopping.is_set() and deadline == float("inf"):
            deadline = time.monotonic() + GRACE_SECONDS


def _give_way() -> None:
    """Be nice to the web processes.

    Where Linux shares processor time out between sessions (sched_autogroup, sched(7)), a process's
    own nice value counts within its session alone; the session has one of its own.
    """
    os.nice(NICE)
    if os.getsid(0) == os.getpid():  # else it is somebody's terminal
        with suppress(OSError):
            Path("/proc/self/autogroup").write_text(str(NICE))


def _lock(directory: Path, node: str, stopping: threading.Event) -> int | None:
    """The lock of the node's only collector; None when asked to end before it was to be had."""
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    told = False
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            if not told:
                told = True
                sys.stderr.write(
                    f"Another collector runs for the node {node}; this one waits for its end.\n"
                )
            if stopping.wait(0.5):
                os.close(lock)
                return None
            continue
        return lock


def _watch_parent(stopping: threading.Event) -> None:
    wait_for_its_end()
    stopping.set()


if __name__ == "__main__":
    sys.exit(main())
