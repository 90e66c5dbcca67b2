"""Slots and cells of the cache are shared out in order, by priority, and given back."""

import pytest

from inference.local.admission import Admission, Reservation
from inference.local.jobs import BacklogFull


def admission(slots: int = 2, tokens: int = 100, queue: int = 4) -> Admission:
    return Admission(slots, tokens, queue, clock=lambda: 1.0)


async def test_it_works() -> None:
    gate = admission()
    first, second, third = Reservation(1, 40), Reservation(1, 40), Reservation(1, 10)
    for place in (first, second, third):
        gate.enter(place, 1)
    assert [one.granted.done() for one in (first, second, third)] == [True, True, False]
    assert (gate.active, gate.queued) == (2, 1)
    gate.leave(first)
    assert third.granted.done()
    for place in (second, third):
        gate.leave(place)
    gate.leave(third)  # twice changes nothing
    assert (gate.active, gate.queued) == (0, 0)


async def test_what_is_next_is_not_passed_by() -> None:
    """A large request would wait for ever if small ones slipped in before it."""
    gate = admission()
    running, large, small = Reservation(1, 60), Reservation(1, 60), Reservation(1, 10)
    for place in (running, large, small):
        gate.enter(place, 1)
    assert not small.granted.done()
    gate.leave(large)
    assert small.granted.done()
    assert gate.queued == 0


async def test_a_better_priority_goes_first() -> None:
    gate = admission(slots=1)
    running, blocked, low, high = (Reservation(1, 10) for _ in range(4))
    for place, rank in ((running, 1), (blocked, 1), (low, 2), (high, 0)):
        gate.enter(place, rank)
    gate.leave(running)
    gate.leave(blocked)
    assert (high.granted.done(), low.granted.done()) == (True, False)


async def test_a_full_queue_says_when_to_come_back() -> None:
    gate = admission(slots=1, queue=1)
    gate.enter(Reservation(1, 10), 1)
    gate.enter(Reservation(1, 10), 1)
    with pytest.raises(BacklogFull) as full:
        gate.enter(Reservation(1, 10), 1)
    assert full.value.retry_after >= 1


async def test_what_turns_out_smaller_lets_others_in() -> None:
    gate = admission(tokens=100)
    large, small = Reservation(1, 90), Reservation(1, 40)
    assert gate.has_room(large)
    gate.enter(large, 1)
    assert not gate.has_room(small)
    gate.enter(small, 1)
    gate.shrink(large, 95)
    assert not small.granted.done()
    gate.shrink(large, 60)
    assert small.granted.done()
    gate.leave(large)
    gate.shrink(large, 10)
    gate.leave(small)
    assert gate.has_room(Reservation(2, 100))
