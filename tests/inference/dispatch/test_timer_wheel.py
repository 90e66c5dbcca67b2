"""The wheel: everything is looked at when it is due, and nothing else."""

from __future__ import annotations

import asyncio
from itertools import pairwise

from inference.dispatch.timer_wheel import INTERVAL, TimerWheel, timer_wheel_of


class Waiter:
    """Counts its calls; `again` seconds later it is due anew, or leaves when that is None."""

    def __init__(self, wheel: TimerWheel, due: float, again: float | None = None) -> None:
        self.wheel = wheel
        self.due = due
        self.again = again
        self.calls: list[float] = []

    def on_due(self, now: float) -> None:
        self.calls.append(now)
        if self.again is None:
            self.wheel.discard(self)
        else:
            self.due = now + self.again


async def test_only_what_is_due_is_called() -> None:
    loop = asyncio.get_running_loop()
    wheel = TimerWheel(loop)
    soon = Waiter(wheel, loop.time() + INTERVAL)
    late = Waiter(wheel, loop.time() + 60)
    wheel.add(soon)
    wheel.add(late)
    while not soon.calls:
        await asyncio.sleep(INTERVAL / 5)
    assert soon.calls[0] >= soon.due
    assert not late.calls
    wheel.discard(late)


async def test_what_stays_is_called_again() -> None:
    loop = asyncio.get_running_loop()
    wheel = TimerWheel(loop)
    one = Waiter(wheel, loop.time(), again=INTERVAL)
    wheel.add(one)
    while len(one.calls) < 3:
        await asyncio.sleep(INTERVAL)
    wheel.discard(one)
    assert all(later - sooner >= INTERVAL for sooner, later in pairwise(one.calls))


async def test_a_call_may_end_another() -> None:
    """A cancelled request takes its deadlines with it, in the same wheel."""
    loop = asyncio.get_running_loop()
    wheel = TimerWheel(loop)
    second = Waiter(wheel, loop.time())

    class Ending(Waiter):
        def on_due(self, now: float) -> None:
            super().on_due(now)
            self.wheel.discard(second)

    first = Ending(wheel, loop.time())
    wheel.add(first)
    wheel.add(second)
    while not first.calls:
        await asyncio.sleep(INTERVAL / 5)
    await asyncio.sleep(0)
    assert not second.calls


async def test_an_empty_wheel_keeps_no_timer_and_wakes_up_again() -> None:
    loop = asyncio.get_running_loop()
    wheel = TimerWheel(loop)
    for _ in range(2):
        one = Waiter(wheel, loop.time())
        wheel.add(one)
        while not one.calls:
            await asyncio.sleep(INTERVAL / 5)
        while wheel._handle is not None:
            await asyncio.sleep(INTERVAL / 5)
        assert len(one.calls) == 1


async def test_a_loop_has_one_wheel() -> None:
    loop = asyncio.get_running_loop()
    other = asyncio.new_event_loop()
    try:
        assert timer_wheel_of(loop) is timer_wheel_of(loop)
        assert timer_wheel_of(other) is not timer_wheel_of(loop)
    finally:
        other.close()
