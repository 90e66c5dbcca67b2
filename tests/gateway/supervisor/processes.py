"""The web processes of a service."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from tests.support.installation import Installation


def web_processes(service: Installation) -> set[int]:
    found = set()
    for pid in service.descendants():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_text()
        except OSError:
            continue
        if "gateway.server.web" in command:
            found.add(pid)
    return found


def until(true: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)
