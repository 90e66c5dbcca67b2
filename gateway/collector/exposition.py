"""All metrics in Prometheus' text format.

With several web processes each keeps its counts in files of `PROMETHEUS_MULTIPROC_DIR`, which the
launcher sets, and whichever process is asked adds them up; without it a process tells of itself.
"""

from __future__ import annotations

import os
import struct
import time
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from gateway.collector.telemetry import registry

CONTENT_TYPE: Final = b"text/plain; version=0.0.4; charset=utf-8"


def exposition() -> bytes:
    """The text. Takes milliseconds, and reads files: not for the event loop."""
    directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not directory:
        return generate_latest(registry)
    _forget_the_dead(Path(directory))
    merged = CollectorRegistry()
    MultiProcessCollector(merged, directory)  # type: ignore[no-untyped-call]  # theirs
    try:
        return generate_latest(merged)
    except struct.error:
        # A process that starts at this moment has made its file and not filled it yet.
        time.sleep(0.05)
        return generate_latest(merged)


def _forget_the_dead(directory: Path) -> None:
    """What a process that was killed had in flight is no longer. What it counted stays."""
    for path in directory.glob("gauge_live*.db"):
        pid = path.stem.rpartition("_")[2]
        try:
            os.kill(int(pid), 0)
        except ProcessLookupError:
            path.unlink(missing_ok=True)
        except (ValueError, PermissionError):
            continue
