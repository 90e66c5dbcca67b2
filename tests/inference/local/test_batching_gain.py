"""Batching is used where it pays."""

from dataclasses import dataclass, field

import pytest

from inference.local.batching_gain import LEAST, batching_gain
from inference.local.generators import Drawn, Generator, Work
from inference.local.modes import Modes


@dataclass
class Paced:
    """A generator whose step takes `first` seconds, and `more` for every caller beside one. A
    caller's prompt is read in the step before its first token."""

    slots: int = 8
    first: float = 0.1
    more: float = 0.0
    now: float = 0.0
    closed: bool = False
    reading: set[int] = field(default_factory=set)
    writing: set[int] = field(default_factory=set)

    def start(self, work: Work) -> int:
        handle = len(self.reading | self.writing) + 1
        self.reading.add(handle)
        return handle

    def step(self) -> list[Drawn]:
        self.now += self.first + self.more * (len(self.reading | self.writing) - 1)
        drawn = [Drawn(handle, 1, None) for handle in self.writing]
        if self.reading:
            self.writing.add(self.reading.pop())
        return drawn

    def cancel(self, handle: int) -> None:
        self.reading.discard(handle)
        self.writing.discard(handle)

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(("more", "gain"), [(0.0, 8.0), (0.1, 1.0), (0.12, 8 / 9.4)])
def test_it_works(more: float, gain: float) -> None:
    paced = Paced(more=more)
    assert batching_gain(paced, lambda: paced.now) == pytest.approx(gain)
    assert not paced.writing
    assert not paced.reading


def test_a_batch_of_one_gains_nothing() -> None:
    assert batching_gain(Paced(slots=1)) == 1.0


@pytest.mark.parametrize(("more", "mode"), [(0.05, "batched"), (0.12, "direct")])
def test_the_mode_is_the_one_that_pays(more: float, mode: str) -> None:
    made: list[Paced] = []

    def batched() -> Generator:
        made.append(Paced(more=more))
        return made[-1]

    def worth(generator: Generator) -> bool:
        return batching_gain(generator, lambda: made[-1].now) >= LEAST

    modes = Modes(direct=lambda: Paced(slots=1), batched=batched, worth=worth)
    generator, chosen = modes.build()
    assert (chosen, generator.slots) == (mode, 8 if mode == "batched" else 1)
    assert made[0].closed == (mode == "direct")
    assert modes.build()[1] == mode
    assert len(made) == (2 if mode == "batched" else 1), "it is not tried again"
