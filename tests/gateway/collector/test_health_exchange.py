"""Breakers and load are the node's, and other nodes hear hints of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.collector.gauges import GaugeReceiver
from gateway.collector.health_exchange import HealthExchange, HealthHub
from gateway.collector.health_hints import HealthHints
from gateway.server.node_seats import NodeSeats
from governance.models import HealthHint
from inference.dispatch.health import HealthBook, Permit
from inference.values.failures import of_status
from tests.inference.tables import provider

ONE = provider("One", "http://127.0.0.1:1/v1", max_concurrency=3, is_local=False)
DOWN = of_status(503)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Process:
    """A web process, as far as it has to do with providers."""

    def __init__(self, node: Node, name: str) -> None:
        self.book = HealthBook(rng=random.Random(1), clock=node.clock)
        socket, file = node.directory / "s", node.directory / "health.json"
        self.exchange = HealthExchange(self.book, socket, file, name, node.clock)

    def ask(self, model: str = "m") -> Permit:
        permit = self.book.acquire(ONE, model)
        assert permit is not None
        return permit

    def fail(self, times: int, model: str = "m") -> None:
        for _ in range(times):
            self.book.release(self.ask(model), DOWN)

    def state(self, model: str = "m") -> str:
        status = self.book.status("one", model)
        return "closed" if status is None else status.state

    def demoted(self, now: float) -> str | None:
        status = self.book.status("one", "m")
        return None if status is None else status.demoted(now)


class Node:
    """A collector and its web processes, on one clock."""

    def __init__(self, directory: Path, count: int, clock: Clock, name: str = "node") -> None:
        directory.mkdir(exist_ok=True)
        self.directory, self.clock = directory, clock
        self.hub = HealthHub(directory / "health.json", clock)
        self.hints = HealthHints(name, self.hub, clock)
        self.receiver = GaugeReceiver(directory / "s", clock, on_health=self.hub.hear)
        self.processes = [Process(self, f"{name}-{n}") for n in range(count)]

    def collect(self) -> None:
        self.receiver.receive()
        self.hints.exchange()
        self.hub.write_when_changed()

    def turn(self) -> None:
        """A tenth of a second, in which everybody does what they do that often."""
        self.clock.now += 0.1
        for one in self.processes:
            one.exchange.step()
        self.collect()

    def close(self) -> None:
        for one in self.processes:
            one.exchange.close()
        self.receiver.close()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path / "node", 3, Clock())
    yield made
    made.close()


def test_an_opening_is_everybodys_within_half_a_second(node: Node) -> None:
    first, second, third = node.processes
    first.fail(5)
    assert (first.state(), second.state()) == ("open", "closed")
    node.turn()
    node.turn()
    assert second.demoted(node.clock.now) == third.demoted(node.clock.now) == "cooling_down"
    node.clock.now += 7.0
    probe = second.ask()
    assert probe.probe
    node.turn()
    node.turn()
    assert [one.state() for one in node.processes] == ["half_open"] * 3
    assert not third.ask().probe, "one request finds out for the node"
    second.book.release(probe)
    node.turn()
    node.turn()
    assert {one.state() for one in node.processes} == {second.state()} == {"ramp"}


def test_a_breaker_that_closed_is_everybodys_too(node: Node) -> None:
    first, second, _ = node.processes
    second.book.release(second.ask(), of_status(429, retry_after=1.0))
    node.turn()
    node.turn()
    assert first.state() == "open"
    node.clock.now += 3.0
    first.book.release(first.ask())
    node.turn()
    node.turn()
    assert [one.state() for one in node.processes] == ["closed"] * 3


def test_load_is_the_nodes(node: Node) -> None:
    first, second, third = node.processes
    held = [first.ask(), first.ask(), second.ask()]
    node.turn()
    node.turn()
    assert [one.book.load("one", "m") for one in node.processes] == [3, 3, 3]
    assert third.book.status("one", "m") is None, "it was never asked here: nobody knows its limit"
    third.book.release(third.ask())
    assert third.demoted(node.clock.now) == "saturated"
    first.book.release(held[0])
    node.turn()
    node.turn()
    assert third.book.load("one", "m") == 2
    assert third.demoted(node.clock.now) is None


def test_what_a_dead_process_had_under_way_is_over(node: Node) -> None:
    first, second, third = node.processes
    first.ask()
    node.turn()
    node.turn()
    assert second.book.load("one", "m") == 1
    node.processes = [second, third]
    for _ in range(50):
        node.turn()
    assert second.book.load("one", "m") == 0
    first.exchange.close()


def test_the_quickest_is_known_to_all(node: Node) -> None:
    first, second, _ = node.processes
    first.book.speeds.began("one", "m", 0.5)
    first.book.release(first.ask())
    node.turn()
    node.turn()
    assert second.book.seconds("one", "m") == pytest.approx(0.5)


def test_without_a_collector_everybody_goes_on(node: Node) -> None:
    first, second, _ = node.processes
    node.receiver.close()
    first.fail(5)
    for one in node.processes:
        one.exchange.step()
    assert (first.state(), second.state()) == ("open", "closed")
    node.receiver = GaugeReceiver(node.directory / "s", node.clock, on_health=node.hub.hear)
    node.turn()
    node.turn()
    assert second.state() == "open", "what could not be told is told later"


@pytest.mark.django_db
def test_another_node_finds_out_by_one_request(tmp_path: Path) -> None:
    """Its word is a hint: the provider may well answer from here."""
    clock = Clock()
    here, there = (Node(tmp_path / name, 2, clock, name) for name in ("here", "there"))
    for one in (here, there):
        one.hints.shares_nodes = True
    try:
        there.processes[0].fail(5)
        for _ in range(3):
            there.turn()
            here.turn()
        assert clock.now < 1000.7
        row = HealthHint.objects.get(node="there")
        assert (row.provider, row.model, row.state) == ("one", "m", "open")
        first, second = here.processes
        (hint,) = first.book.others.afar
        assert (hint.node, hint.state) == ("there", "open")
        probe = first.ask()
        assert probe.probe
        assert first.demoted(clock.now) == "cooling_down", "the others go elsewhere meanwhile"
        first.book.release(probe)
        for _ in range(30):
            here.turn()
            there.turn()
        assert {one.state() for one in here.processes} == {"closed"}, "the hint counts once"
        assert there.processes[1].state() == "open"
        assert second.demoted(clock.now) is None
    finally:
        here.close()
        there.close()


def test_requests_at_a_time_are_the_nodes(tmp_path: Path) -> None:
    """The book takes them where the node's processes share them, and gives them back."""
    book = HealthBook(rng=random.Random(1))
    book.seats = seats = NodeSeats(tmp_path / "seats")
    taken = [book.acquire(ONE, "m") for _ in range(4)]
    assert [one is None for one in taken] == [False, False, False, True]
    assert taken[0] is not None
    book.release(taken[0])
    assert book.acquire(ONE, "m") is not None
    seats.close()


def test_a_session_is_known_to_all_processes(node: Node) -> None:
    """Who answered it last, and that it is back at its first choice."""
    first, second, third = node.processes
    first.book.sessions.note("k\np\ns", "one", "m")
    node.turn()
    node.turn()
    for one in (second, third):
        served = one.book.sessions.served("k\np\ns")
        assert served is not None
        assert served[:2] == ("one", "m")
    assert not second.book.sessions.news, "nothing is told on by who only heard of it"
    node.clock.now += 5.0
    second.book.sessions.note("k\np\ns", "two", "m")
    second.book.sessions.note("k\np\ns", "two", "m")
    assert len(second.book.sessions.news) == 1
    node.turn()
    node.turn()
    back = first.book.sessions.served("k\np\ns")
    assert back is not None
    assert back[0] == "two"
    third.book.sessions.forget("k\np\ns")
    node.turn()
    node.turn()
    assert first.book.sessions.served("k\np\ns") is None
    for _ in range(40):
        node.turn()
    assert node.hub.told().sessions == ()
