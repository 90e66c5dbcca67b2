"""Processes that are killed, frozen and asked to end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx

from tests.faults.figures import Figure, at_most, equal
from tests.faults.inbound import web_process
from tests.support.eventually import eventually
from tests.support.installation import Installation


def run(folder: Path) -> Iterator[Figure]:
    with Installation(folder, "--no-model") as service:
        for what, number, bound in (
            ("a web process that is killed", signal.SIGKILL, 10),
            ("a web process that is frozen", signal.SIGSTOP, 20),
        ):
            old = web_process(service)
            began = time.monotonic()
            os.kill(old, number)
            eventually(partial(_answers, service.url, old, service), 60)
            yield at_most(f"{what}: served again after", time.monotonic() - began, bound, "s")
        began = time.monotonic()
        yield equal("SIGTERM: exit status", service.stop(signal.SIGTERM), 0)
        yield at_most("SIGTERM without streams: gone after", time.monotonic() - began, 8, "s")


def _answers(url: str, old: int, service: Installation) -> bool:
    try:
        answered = httpx.get(f"{url}/readyz", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False
    return answered and web_process(service) != old
