"""The wait in a queue that nobody tells of, by what streams show of it."""

from __future__ import annotations

import heapq
import random
from statistics import fmean

import pytest

from inference.dispatch.local_queues import (
    NOTHING,
    LocalQueue,
    LocalQueues,
    QueuePlace,
    QueueSeen,
)

PREFILL = 0.1


class Server:
    """A model that answers `places` requests at a time, each for about `service` seconds."""

    def __init__(self, queue: LocalQueue, places: int, service: float, seed: int) -> None:
        self.queue, self.places, self.service = queue, places, service
        self.rng = random.Random(seed)
        self.free = [0.0] * places
        self.events: list[tuple[float, int, str, QueuePlace]] = []

    def until(self, now: float) -> None:
        """Everything that happens up to now."""
        while self.events and self.events[0][0] <= now:
            at, _, what, place = heapq.heappop(self.events)
            (self.queue.begin if what == "begin" else self.queue.leave)(place, at)

    def ask(self, now: float) -> tuple[float, float]:
        """Asks at `now`: how long it was said to wait, and how long it does."""
        self.until(now)
        said = self.queue.wait(now)
        place = self.queue.enter(now, stream=True)
        turn = max(now, heapq.heappop(self.free))
        ends = turn + PREFILL + self.service * self.rng.uniform(0.7, 1.3)
        heapq.heappush(self.free, ends)
        heapq.heappush(self.events, (turn + PREFILL, id(place), "begin", place))
        heapq.heappush(self.events, (ends, id(place), "leave", place))
        return said, turn - now


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("places", [1, 3, 8])
def test_what_is_said_is_near_what_is_waited(places: int, seed: int) -> None:
    """Once a queue was seen, waits of a second one are told to within a third, on average."""
    queue, rng = LocalQueue(), random.Random(seed)
    server = Server(queue, places, 2.0, seed)
    now = 0.0
    for _ in range(4 * places):
        server.ask(now)
        now += 0.02
    now += 30.0
    errors, waits = [], []
    for _ in range(12 * places):
        said, waited = server.ask(now)
        errors.append(abs(said - waited))
        waits.append(waited)
        now += rng.expovariate(2.0 * places / 2.0)
    assert fmean(waits) > 1.0
    assert fmean(errors) < 0.34 * fmean(waits)


@pytest.mark.parametrize("places", [1, 4])
def test_who_need_not_wait_is_not_said_to(places: int) -> None:
    """A server with a place free is never taken for one with a queue, learned or not."""
    queue = LocalQueue()
    server = Server(queue, places, 1.0, 1)
    now = 0.0
    for _ in range(5 * places):
        server.ask(now)
        now += 0.01
    for _ in range(20):
        now += 30.0
        for _ in range(places):
            said, waited = server.ask(now)
            assert (said, waited) == (0.0, 0.0)


def test_while_nothing_was_learned_the_longest_wait_so_far_counts() -> None:
    """A model that loads: nobody knows how long, but somebody has been waiting already."""
    queue = LocalQueue()
    assert queue.wait(5.0) == 0.0
    queue.enter(10.0, stream=True)
    assert queue.wait(10.0) == 0.0
    assert queue.wait(17.0) == pytest.approx(7.0)


def test_whole_answers_show_by_how_long_they_take() -> None:
    queue = LocalQueue()
    alone = queue.enter(0.0, stream=False)
    queue.leave(alone, 2.0)
    places = [queue.enter(10.0, stream=False) for _ in range(4)]
    for number, place in enumerate(places, 1):
        queue.leave(place, 10.0 + 2.0 * number)
    assert queue.places == 1
    for _ in range(3):
        queue.enter(50.0, stream=False)
    assert queue.wait(50.0) == pytest.approx(6.0)


def test_others_count_too() -> None:
    """Of other processes: what they have under way, and what they have found out."""
    queues = LocalQueues()
    key = ("mlx", "m")
    queues.hear({key: QueueSeen(begun=1, waiting=2, oldest=9.0, places=1, service=2.0)})
    assert queues.wait(key, 10.0) == pytest.approx(6.0)
    queues.hear({})
    assert queues.wait(key, 10.0) == 0.0
    assert queues.of(key).others == NOTHING
    assert queues.seen() == {}


def test_who_leaves_while_waiting_is_not_waited_for() -> None:
    queue = LocalQueue()
    place = queue.enter(0.0, stream=True)
    queue.leave(place, 3.0)
    assert (len(queue), queue.wait(4.0)) == (0, 0.0)
    queue.begin(place, 5.0)
    assert len(queue) == 0, "a token that comes too late is nobody's"
