"""Deadlines end what they guard: by aborting the reply, or by cancelling who writes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from inference.dispatch.deadlines import Deadlines
from inference.dispatch.timer_wheel import TimerWheel
from inference.values.failures import AttemptFailed
from tests.inference.dispatch.fakes import ScriptedReply


class Clock:
    """A loop whose time is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def time(self) -> float:
        return self.now


class Guarded:
    """Deadlines on a clock set by hand, over a reply that notes how it was aborted."""

    def __init__(self, **times: float | None) -> None:
        self.clock = Clock()
        self.wheel = TimerWheel(asyncio.get_running_loop())
        task = asyncio.current_task()
        assert task is not None
        self.task = task
        given: dict[str, Any] = {"first_event": None, "idle": None, "total": None, **times}
        self.deadlines = Deadlines(self.clock, self.wheel, task, **given)
        self.reply = ScriptedReply()
        self.deadlines.guard(self.reply)

    def at(self, seconds: float) -> str | None:
        """What the reply was aborted with when so many seconds have passed since the start."""
        self.clock.now = 100.0 + seconds
        if self.deadlines.due <= self.clock.now and self.deadlines in self.wheel._waiting:
            self.deadlines.on_due(self.clock.now)
        if not self.reply.aborted:
            return None
        error = self.reply.aborted[0]
        assert isinstance(error, AttemptFailed)
        return error.failure.code


async def test_it_works() -> None:
    """Until the first meaningful event its deadline holds; from there the silence counts."""
    guarded = Guarded(first_event=5, idle=2, total=60)
    assert guarded.at(4.9) is None
    guarded.deadlines.touch()
    assert guarded.at(6.8) is None
    assert guarded.at(7) == "idle_timeout"
    assert not guarded.wheel._waiting


async def test_nothing_meaningful_in_time() -> None:
    guarded = Guarded(first_event=5, idle=2, total=60)
    assert guarded.at(2) is None, "what comes before the first event is no silence"
    assert guarded.at(5) == "first_event_timeout"


async def test_the_total_holds_however_lively_the_upstream_is() -> None:
    guarded = Guarded(first_event=5, idle=2, total=10)
    for second in range(10):
        assert guarded.at(second) is None
        guarded.deadlines.touch()
    assert guarded.at(10) == "total_timeout"


async def test_without_limits_nothing_expires() -> None:
    guarded = Guarded()
    assert guarded.at(1e9) is None
    guarded.deadlines.stop()


async def test_while_it_connects_there_is_nothing_to_abort() -> None:
    """Connecting has a deadline of its own; the next look finds the reply."""
    guarded = Guarded(first_event=1)
    guarded.deadlines._reply = None
    assert guarded.at(2) is None
    guarded.deadlines.guard(guarded.reply)
    assert guarded.at(2.05) == "first_event_timeout"


@pytest.mark.parametrize(
    "times", [{"idle": 2.0}, {"total": 2.0}, {"idle": 2.0, "total": 60.0}], ids=str
)
async def test_a_write_that_takes_too_long_cancels_the_task(times: dict[str, float]) -> None:
    """Nobody reads the reply then, so aborting it would end nothing."""
    guarded = Guarded(**times)
    guarded.deadlines.writing()
    assert guarded.at(1.9) is None
    assert not guarded.task.cancelling()
    assert guarded.at(2) is None
    assert guarded.deadlines.expired is not None
    assert guarded.deadlines.expired.code == "caller_stalled"
    with pytest.raises(asyncio.CancelledError):
        await asyncio.sleep(0)
    assert guarded.task.uncancel() == 0


async def test_after_a_slow_write_the_silence_begins_anew() -> None:
    """An upstream that was held back meanwhile could not speak."""
    guarded = Guarded(idle=2)
    guarded.deadlines.writing()
    guarded.at(1.9)
    guarded.deadlines.written()
    assert guarded.at(3.8) is None
    assert guarded.at(3.9) == "idle_timeout"


async def test_touching_costs_no_timer() -> None:
    """It is looked at when it may be due, not each time something arrives."""
    guarded = Guarded(first_event=5, idle=2, total=60)
    guarded.deadlines.touch()
    due = guarded.deadlines.due
    for second in range(2):
        guarded.clock.now += second
        guarded.deadlines.touch()
    assert guarded.deadlines.due == due
    guarded.deadlines.stop()


async def test_progress_with_a_prompt_is_waited_on_anew() -> None:
    """The first event has all its time again from each sign that its prompt is being read."""
    guarded = Guarded(first_event=5, idle=2, total=60)
    assert guarded.at(4) is None
    guarded.deadlines.progress()
    assert guarded.at(8.9) is None
    guarded.deadlines.progress()
    assert guarded.at(13.8) is None
    assert guarded.at(13.9) == "first_event_timeout"


async def test_progress_holds_up_neither_the_total_nor_the_silence_after_the_first() -> None:
    guarded = Guarded(first_event=5, idle=2, total=7)
    for moment in (3.0, 6.0):
        assert guarded.at(moment) is None
        guarded.deadlines.progress()
    assert guarded.at(7) == "total_timeout"
    other = Guarded(first_event=5, idle=2, total=60)
    other.deadlines.touch()
    assert other.at(1.5) is None
    other.deadlines.progress()
    assert other.at(2) == "idle_timeout"


async def test_no_time_passes_while_the_caller_still_sends() -> None:
    """How long that takes is not the upstream's doing; its silence within an answer is."""
    guarded = Guarded(first_event=5, idle=2, total=60)
    guarded.at(1)
    guarded.deadlines.suspend()
    assert guarded.at(200) is None
    guarded.deadlines.resume()
    assert guarded.at(203) is None
    assert guarded.at(204) == "first_event_timeout"
