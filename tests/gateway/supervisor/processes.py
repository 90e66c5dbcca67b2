"""The web processes of a service."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tests.support.eventually import eventually
from tests.support.installation import Installation


def web_processes(service: Installation) -> set[int]:
    found = set()
    for pid in service.descendants():
        try:
            command = Path(f"/proc/{pid}/cmdline").read_text()
        except OSError:
            continue
        if "gateway.web" in command:
            found.add(pid)
    return found


until = partial(eventually, seconds=60)
