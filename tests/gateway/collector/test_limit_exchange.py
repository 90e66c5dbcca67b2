"""What processes tell one another of limits: absolute totals, so that nothing counts twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gateway.collector.limit_exchange import ExchangeClient, Total
from gateway.collector.limit_hub import Away, ExchangeHub
from gateway.collector.limit_ledger import LimitLedger
from governance.interactions.record import InteractionRecord
from governance.limits.counting.admission import Exceeded, Lease, admit, settle
from governance.limits.counting.binding import LimitIndex, Who
from governance.limits.counting.book import LimitBook
from governance.limits.counting.counter import Counter
from governance.limits.limit import LimitEntry
from governance.limits.measure import Consumption
from governance.models import LimitTotal
from inference.record.lines import VERSION, Counted, Line

NOW = 1_800_000_000.0
RECORD = InteractionRecord(id="r", time="2026-11-28T10:00:00.000Z", protocol="openai", outcome="ok")


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


class Node:
    """A collector and web processes, each with a book of its own, on one clock."""

    def __init__(self, directory: Path, **limit: Any) -> None:
        self.directory, self.clock = directory, Clock()
        values = {"id": 1, "name": "l", "measure": "tokens", "amount": 100.0, **limit}
        self.limit = LimitEntry(**values)
        self.index = LimitIndex([self.limit])
        self.ledger = 0.0
        self.is_away = False
        self.books: list[LimitBook] = []
        self.clients: list[ExchangeClient] = []
        self.log: list[Line] = []
        self.hub = self.collector()

    def collector(self) -> ExchangeHub:
        return ExchangeHub(
            self.directory / "limits.sock",
            self.booked,
            caught_up=lambda: not self.log,
            clock=self.clock,
        )

    def booked(self, one: Total) -> float:
        if self.is_away:
            raise OSError
        return self.ledger

    def process(self) -> int:
        name = f"{len(self.books)}-{len(self.books):08d}"
        self.books.append(LimitBook())
        hub = self.directory / "limits.sock"
        self.clients.append(ExchangeClient(self.books[-1], hub, name, self.clock))
        return len(self.books) - 1

    def counter(self, process: int) -> Counter:
        (found,) = self.books[process].of_request(self.index, Who("k"), self.clock.now)
        return found

    def admit(self, process: int, tokens: int) -> Lease | Exceeded:
        used = Consumption(tokens, running=True)
        return admit([self.counter(process)], used, used, self.clock.now)

    def request(self, process: int, tokens: int) -> None:
        lease = self.admit(process, tokens)
        assert isinstance(lease, Lease)
        book = self.books[process]
        book.number += 1
        counted = settle(lease, [Consumption(tokens)], self.clock.now, book.number)
        name = f"{process}-{process:08d}"
        told = tuple(Counted(one.limit.id, one.scope, one.begin, much) for one, much in counted)
        self.log.append(Line(VERSION, RECORD, process=name, number=book.number, counted=told))

    def collect(self) -> None:
        """The records are in the ledger."""
        lines, self.log = self.log, []
        self.ledger += sum(one.amount for line in lines for one in line.counted)
        self.hub.ingested(lines)

    def exchange(self, *processes: int) -> None:
        self.clock.now += 0.3
        told = processes or range(len(self.clients))
        for one in told:
            self.clients[one].turn()
        self.hub.turn()
        for one in told:
            self.clients[one]._take_in()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path


@pytest.fixture(params=["month", "minute"])
def node(directory: Path, request: pytest.FixtureRequest) -> Iterator[Node]:
    """Of a window that the ledger knows, and of one that it does not."""
    made = Node(directory, window=request.param)
    yield made
    made.hub.close()
    for one in made.clients:
        one.close()


def test_it_works(node: Node) -> None:
    first, second = node.process(), node.process()
    node.request(first, 60)
    node.counter(second)
    for _ in range(3):
        node.exchange()
        assert node.counter(second).used == 60, "however often it is told"
        assert node.counter(first).used == 60
    node.collect()
    node.exchange()
    assert [node.counter(one).used for one in (first, second)] == [60, 60]
    assert isinstance(node.admit(second, 41), Exceeded)


def test_what_a_dead_process_held_lapses_and_what_it_used_stays(node: Node) -> None:
    first, second = node.process(), node.process()
    node.request(first, 30)
    assert isinstance(node.admit(first, 50), Lease)
    node.counter(second)
    node.exchange()
    node.exchange()
    assert node.counter(second).taken == 80
    node.collect()
    node.clock.now += 3
    for _ in range(4):
        node.exchange(second)
    assert (node.counter(second).taken, node.counter(second).used) == (30, 30)


def test_a_new_collector_counts_nothing_twice(directory: Path) -> None:
    node = Node(directory, window="month")
    first = node.process()
    node.request(first, 30)
    node.exchange()
    node.collect()
    node.hub.close()
    node.hub = node.collector()
    node.exchange()
    assert node.counter(first).used == 30
    node.hub.close()


def test_a_process_that_begins_hears_what_was_used_before(directory: Path) -> None:
    node = Node(directory, window="month")
    node.ledger = 90.0
    first = node.process()
    node.counter(first)
    node.exchange()
    assert isinstance(node.admit(first, 11), Exceeded)
    assert isinstance(node.admit(first, 10), Lease)
    node.hub.close()


def test_without_a_collector_it_goes_on_with_what_it_knows(node: Node) -> None:
    first, second = node.process(), node.process()
    node.request(first, 60)
    node.counter(second)
    node.exchange()
    node.exchange()
    node.hub.close()
    node.clock.now += 1
    for one in node.clients:
        one.turn()
    assert node.counter(second).used == 60
    node.clock.now += 3
    assert node.books[second].fresh_until < node.clock.now, "a strict limit refuses now"


def test_what_slides_leaves_with_the_process(directory: Path) -> None:
    node = Node(directory, window="minute")
    first, second = node.process(), node.process()
    node.request(first, 30)
    node.counter(second)
    node.exchange()
    node.exchange()
    assert node.counter(second).used == 30
    node.clock.now += 70
    node.counter(second).touched = node.clock.now
    node.exchange(second)
    assert node.counter(second).used == 0
    node.hub.close()


def test_totals_for_other_nodes(node: Node) -> None:
    first = node.process()
    node.request(first, 60)
    node.exchange()
    (told,) = node.hub.totals()
    assert isinstance(told, Total)
    assert told.used == 60
    node.hub.away = lambda one: Away(25.0, 5.0, 1)
    node.exchange()
    assert node.counter(first).taken == 90


def test_what_is_left_is_shared_out_near_the_end(directory: Path) -> None:
    node = Node(directory, window="month", amount=1000.0)
    node.ledger = 900.0
    for one in (node.process(), node.process()):
        node.counter(one)
    node.exchange()
    node.exchange()
    assert [node.counter(one).ceiling for one in (0, 1)] == [pytest.approx(900 + 100 / 24)] * 2
    assert isinstance(node.admit(0, 4), Lease)
    assert isinstance(node.admit(0, 1), Lease), "one more may go beyond it"
    refused = node.admit(0, 1)
    assert isinstance(refused, Exceeded)
    assert refused.shared_out
    node.hub.close()


def test_without_a_collector_each_keeps_to_a_share(directory: Path) -> None:
    node = Node(directory, window="month")
    for one in (node.process(), node.process()):
        node.counter(one)
    node.exchange()
    node.exchange()
    node.hub.close()
    node.clock.now += 1.5
    for client in node.clients:
        client.turn()
    admitted = [sum(isinstance(node.admit(one, 1), Lease) for _ in range(100)) for one in (0, 1)]
    assert admitted == [50, 50]
    node.hub = node.collector()
    for _ in range(3):
        node.exchange()
        assert isinstance(node.admit(0, 1), Exceeded)


def test_a_new_collector_hears_from_processes_what_the_ledger_held(directory: Path) -> None:
    """The database is away when it starts, and when one of two processes starts anew."""
    node = Node(directory, window="month")
    node.ledger = 60.0
    for one in (node.process(), node.process()):
        node.counter(one)
    node.exchange()
    node.exchange()
    node.hub.close()
    node.is_away = True
    node.hub = node.collector()
    node.hub.heard_all = lambda: False
    third = node.process()
    node.counter(third)
    node.exchange()
    node.exchange()
    assert node.counter(third).used == 60
    # A share of 40, among those of before and the new one.
    assert node.counter(third).ceiling < 100
    assert isinstance(node.admit(third, 30), Exceeded)
    node.hub.close()


def test_a_strict_limit_is_told_where_other_nodes_are_not_heard(directory: Path) -> None:
    node = Node(directory, window="month")
    node.counter(node.process())
    node.hub.heard_all = lambda: False
    for _ in range(12):
        node.exchange()
    assert node.books[0].fresh_until < node.clock.now
    node.hub.heard_all = lambda: True
    for _ in range(4):
        node.exchange()
    assert node.books[0].fresh_until > node.clock.now
    for _ in range(300):
        # Nobody uses it for longer than counters are told.
        node.exchange()
    assert node.books[0].fresh_until > node.clock.now
    node.hub.close()


def test_a_limit_that_rests_is_not_kept_to_a_share(directory: Path) -> None:
    node = Node(directory, window="month")
    for one in (node.process(), node.process()):
        node.counter(one)
    for _ in range(300):
        node.exchange()
        node.clients[0].turn()
        assert node.counter(0).ceiling == 100
    node.hub.close()


@pytest.mark.django_db
def test_nodes_tell_one_another_through_the_database(directory: Path) -> None:
    node = Node(directory, window="month", amount=100.0)
    first = node.process()
    node.request(first, 90)
    node.exchange()
    north, south = (LimitLedger(name) for name in ("north", "south"))
    for one in (north, south):
        one.shares_nodes = True
        assert not one.heard_all()
    north.exchange(node.hub)
    south.exchange(node.hub)
    (total,) = node.hub.totals()
    assert (north.heard_all(), south.heard_all()) == (True, True)
    assert south.away(total) == Away(90.0, 0.0, 1)
    assert north.away(total) == Away()
    assert LimitTotal.objects.count() == 2
    node.hub.close()


@pytest.mark.parametrize("window", ["minute", "hour"])
def test_what_slides_is_passed_by_one_exchange_at_most(directory: Path, window: str) -> None:
    """Four processes that are asked far more than the window allows: together they pass it by no
    more than the others are asked for between two exchanges, and no more as time goes on."""
    amount, asked, processes = 600.0, 10, 4
    node = Node(directory, measure="requests", amount=amount, window=window)
    numbers = [node.process() for _ in range(processes)]
    admitted: list[float] = []
    length = {"minute": 60.0, "hour": 3600.0}[window]
    for _ in range(300):
        for number in numbers:
            for _ in range(asked):
                if isinstance(node.admit(number, 1), Lease):
                    admitted.append(node.clock.now)
        node.exchange()
    worst = max(
        sum(1 for at in admitted[place:] if at < began + length)
        for place, began in enumerate(admitted)
        if not place or admitted[place - 1] != began
    )
    assert amount <= worst <= amount + asked * (processes - 1)
