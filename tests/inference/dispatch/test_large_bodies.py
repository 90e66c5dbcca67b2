"""What takes long is done apart: one at a time, while the event loop goes on."""

from __future__ import annotations

import asyncio
import queue
import threading

import pytest

from inference.dispatch.large_bodies import apart
from tests.support.eventually import soon


async def test_others_go_on_while_one_at_a_time_is_worked_on() -> None:
    begun: queue.SimpleQueue[threading.Event] = queue.SimpleQueue()
    at_work: list[int] = []

    def large() -> int:
        """Ends once the event loop says so, which it could not do from its own thread."""
        go_on = threading.Event()
        at_work.append(1)
        begun.put(go_on)
        assert go_on.wait(30)
        return len(at_work) - at_work.pop()

    tasks = [asyncio.create_task(apart(large)) for _ in range(3)]
    for _ in tasks:
        go_on = await soon(lambda: None if begun.empty() else begun.get())
        await asyncio.sleep(0.01)
        go_on.set()
    assert await asyncio.gather(*tasks) == [0, 0, 0], "nobody else was at work"


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
