"""What the launcher keeps alive, with real processes and a clock of the test's own."""

from __future__ import annotations

import select
import signal

import pytest

from gateway.supervisor.child import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    STABLE,
    Child,
    RestartingProcess,
)
from gateway.supervisor.startup_error import StartupError
from tests.support.eventually import eventually


class World:
    def __init__(self) -> None:
        self.now = 0.0
        self.starts = 0
        self.deaths = 0
        self.broken = False
        self.kept = RestartingProcess(
            self.start, grace=5, on_death=self.died, clock=lambda: self.now
        )

    def start(self) -> Child:
        if self.broken:
            raise StartupError("There is nothing to start.")
        self.starts += 1
        return Child("engine", "tests.gateway.supervisor.idle")

    def died(self) -> None:
        self.deaths += 1

    def dies(self) -> None:
        self.kept.child.process.kill()
        self.kept.child.process.wait()
        self.kept.poll()

    def passes(self, seconds: float) -> None:
        self.now += seconds
        self.kept.poll()


def test_what_dies_is_started_again_after_growing_pauses(
    capfd: pytest.CaptureFixture[str],
) -> None:
    world = World()
    try:
        pause = FIRST_PAUSE
        for start in range(2, 9):
            world.dies()
            world.passes(pause - 0.01)
            assert world.starts == start - 1
            world.passes(0.01)
            assert world.starts == start
            assert world.kept.child.running()
            pause = min(2 * pause, LONGEST_PAUSE)
        world.now += STABLE
        world.dies()
        world.passes(FIRST_PAUSE)
        assert world.starts == 9, "it had worked for a while"
        assert world.deaths == 8
    finally:
        world.kept.end()
    assert not world.kept.child.running()
    assert "The engine ended with status -9" in capfd.readouterr().err


def test_what_cannot_be_started_is_tried_again(capfd: pytest.CaptureFixture[str]) -> None:
    world = World()
    try:
        world.broken = True
        world.dies()
        world.passes(LONGEST_PAUSE)
        assert "There is nothing to start." in capfd.readouterr().err
        world.broken = False
        world.passes(0)
        world.passes(LONGEST_PAUSE)
        assert world.kept.child.running()
    finally:
        world.kept.end()


def test_what_runs_and_does_not_move_is_replaced(capfd: pytest.CaptureFixture[str]) -> None:
    """It holds callers that the kernel goes on giving it."""
    now = 0.0

    def start() -> Child:
        return Child("web process", "tests.gateway.supervisor.beating", announces=True)

    def polled() -> bool:
        kept.poll()
        return bool(kept.child.ready)

    kept = RestartingProcess(start, grace=5, silence=10, clock=lambda: now)
    try:
        first = kept.child
        assert first.serves(within=30)
        for _ in range(8):
            now += 3
            eventually(lambda: select.select([first._announcement], [], [], 0)[0])
            kept.poll()
        first.process.send_signal(signal.SIGSTOP)
        kept.poll()
        now += 100
        kept.poll()
        assert first.running(), "the machine slept: nobody could have heard it"
        for _ in range(4):
            now += 3
            kept.poll()
        first.process.wait(10)
        assert "has not moved for 10 s" in capfd.readouterr().err
        kept.poll()
        now += FIRST_PAUSE
        kept.poll()
        second = kept.child
        assert second is not first
        # It is watched as the first one was, though nobody waited for it to serve.
        eventually(polled)
        second.process.send_signal(signal.SIGSTOP)
        kept.poll()
        for _ in range(4):
            now += 3
            kept.poll()
        second.process.wait(10)
    finally:
        kept.end()
