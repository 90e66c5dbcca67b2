"""Signs of life: after silence, one at a time, and never behind the end."""

from __future__ import annotations

import asyncio

from inference.dispatch.timer_wheel import TimerWheel
from inference.edge.heartbeat import Heartbeat


class Beats:
    """A heart on a wheel that is turned by hand; `stuck` beats wait for a caller."""

    def __init__(self, interval: float = 15.0, *, stuck: bool = False) -> None:
        self.loop = asyncio.get_running_loop()
        self.wheel = TimerWheel(self.loop)
        self.begun = self.done = 0
        self.reads = asyncio.Event()
        if not stuck:
            self.reads.set()
        self.interval = interval

    async def beat(self) -> None:
        self.begun += 1
        await self.reads.wait()
        self.done += 1

    async def at(self, seconds: float) -> int:
        """How many beats are done when so many seconds have passed."""
        if self.heartbeat in self.wheel._waiting and self.heartbeat.due <= self.began + seconds:
            self.heartbeat.on_due(self.began + seconds)
        for _ in range(3):
            await asyncio.sleep(0)
        return self.done

    def __enter__(self) -> Beats:
        self.began = self.loop.time()
        self.heartbeat = Heartbeat(self.loop, self.wheel, self.beat, self.interval)
        return self

    def __exit__(self, *error: object) -> None:
        self.heartbeat.stop()


async def test_it_works() -> None:
    with Beats() as beats:
        assert await beats.at(14.9) == 0
        assert await beats.at(15.1) == 1
        assert await beats.at(15.2) == 1
        assert await beats.at(30.3) == 2
    assert not beats.wheel._waiting


async def test_what_was_sent_is_a_sign_of_life() -> None:
    with Beats() as beats:
        beats.heartbeat._last = beats.began + 10
        assert await beats.at(15.1) == 0
        assert await beats.at(25.1) == 1
        beats.heartbeat.touch()
        assert beats.heartbeat._last < beats.began + 5


async def test_one_that_waits_is_not_joined_by_others() -> None:
    """A caller who does not read holds up one beat, not one every 15 seconds."""
    with Beats(stuck=True) as beats:
        for silence in range(1, 6):
            await beats.at(15.1 * silence)
        assert (beats.begun, beats.done) == (1, 0)
        beats.reads.set()
        assert await beats.at(76) == 1
        assert await beats.at(91) == 2


async def test_nothing_follows_the_end() -> None:
    """A beat that waits when the answer ends is never sent."""
    with Beats(stuck=True) as beats:
        await beats.at(15.1)
        beats.heartbeat.stop()
        beats.reads.set()
        assert await beats.at(99) == 0
    assert beats.begun == 1
