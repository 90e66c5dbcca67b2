"""The sweep: everything is looked at when it is due, and nothing else."""

from __future__ import annotations

import asyncio

from inference.dispatch.timer_wheel import INTERVAL, TimerWheel, timer_wheel_of


class Waiter:
    """Counts its looks; `again` seconds later it is due anew, or leaves when that is None."""

    def __init__(self, sweep: TimerWheel, due: float, again: float | None = None) -> None:
        self.sweep = sweep
        self.due = due
        self.again = again
        self.looks: list[float] = []

    def look(self, now: float) -> None:
        self.looks.append(now)
        if self.again is None:
            self.sweep.discard(self)
        else:
            self.due = now + self.again


async def test_only_what_is_due_is_looked_at() -> None:
    loop = asyncio.get_running_loop()
    sweep = TimerWheel(loop)
    soon = Waiter(sweep, loop.time() + INTERVAL)
    late = Waiter(sweep, loop.time() + 60)
    sweep.add(soon)
    sweep.add(late)
    while not soon.looks:
        await asyncio.sleep(INTERVAL / 5)
    assert soon.looks[0] >= soon.due
    assert not late.looks
    sweep.discard(late)


async def test_what_stays_is_looked_at_again() -> None:
    loop = asyncio.get_running_loop()
    sweep = TimerWheel(loop)
    one = Waiter(sweep, loop.time(), again=INTERVAL)
    sweep.add(one)
    while len(one.looks) < 3:
        await asyncio.sleep(INTERVAL)
    sweep.discard(one)


async def test_a_look_may_end_another() -> None:
    """A cancelled request takes its deadlines with it, in the same sweep."""
    loop = asyncio.get_running_loop()
    sweep = TimerWheel(loop)
    second = Waiter(sweep, loop.time())

    class Ending(Waiter):
        def look(self, now: float) -> None:
            super().look(now)
            self.sweep.discard(second)

    first = Ending(sweep, loop.time())
    sweep.add(first)
    sweep.add(second)
    while not first.looks:
        await asyncio.sleep(INTERVAL / 5)
    await asyncio.sleep(0)
    assert not second.looks


async def test_an_empty_sweep_keeps_no_timer_and_wakes_up_again() -> None:
    loop = asyncio.get_running_loop()
    sweep = TimerWheel(loop)
    for _ in range(2):
        one = Waiter(sweep, loop.time())
        sweep.add(one)
        while not one.looks:
            await asyncio.sleep(INTERVAL / 5)
        while sweep._handle is not None:
            await asyncio.sleep(INTERVAL / 5)


async def test_a_loop_has_one_sweep() -> None:
    loop = asyncio.get_running_loop()
    assert timer_wheel_of(loop) is timer_wheel_of(loop)
