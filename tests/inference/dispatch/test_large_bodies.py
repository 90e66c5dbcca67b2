"""What takes long is done apart: one at a time, while the event loop goes on."""

from __future__ import annotations

import asyncio
import threading
import time
from itertools import pairwise

import pytest

from inference.dispatch.large_bodies import apart


async def test_others_go_on_while_one_at_a_time_is_worked_on() -> None:
    spans: list[tuple[float, float]] = []

    def large() -> None:
        began = time.monotonic()
        while time.monotonic() < began + 0.1:
            pass
        spans.append((began, time.monotonic()))

    tasks = [asyncio.create_task(apart(large)) for _ in range(3)]
    turns = 0
    while not all(task.done() for task in tasks):
        await asyncio.sleep(0.001)
        turns += 1
    assert turns >= 15, "the loop had a turn at the latest every few switches of the interpreter"
    assert all(later >= earlier for (_, earlier), (later, _) in pairwise(spans))


async def test_what_it_returns_and_raises_is_the_callers() -> None:
    assert await apart(lambda a, b: a + b, 1, 2) == 3
    with pytest.raises(ZeroDivisionError):
        await apart(lambda: 1 // 0)


async def test_who_left_before_it_began_is_not_worked_for() -> None:
    let_go = threading.Event()
    done: list[str] = []
    first = asyncio.create_task(apart(let_go.wait, 5))
    second = asyncio.create_task(apart(done.append, "second"))
    third = asyncio.create_task(apart(done.append, "third"))
    await asyncio.sleep(0)
    second.cancel()
    await asyncio.sleep(0)
    let_go.set()
    await asyncio.gather(first, third)
    assert done == ["third"]
