"""Waiting for what comes true soon: the one poll loop of the tests."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 30.0
"""Seconds: generous, since machines that run tests are busy. What never comes true fails then."""
INTERVAL = 0.01


def eventually(holds: Callable[[], T], seconds: float = PATIENCE) -> T:
    """What `holds` returns once that is true. Raises AssertionError when it never is."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        if time.monotonic() > deadline:
            raise AssertionError(f"This did not come true within {seconds:g} seconds: {holds}")
        time.sleep(INTERVAL)
    return found


async def soon(holds: Callable[[], T], seconds: float = PATIENCE) -> T:
    """As `eventually`, while the event loop goes on."""
    deadline = time.monotonic() + seconds
    while not (found := holds()):
        if time.monotonic() > deadline:
            raise AssertionError(f"This did not come true within {seconds:g} seconds: {holds}")
        await asyncio.sleep(0.002)
    return found
