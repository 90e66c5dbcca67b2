"""Connections are shared out among the web processes, and none waits for one that does not take it.

Several acceptors on one listener stand for several processes: all they share is the occupancy.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
import time
from collections.abc import Callable, Iterator

import pytest

from gateway.server import acceptor as module
from gateway.server.acceptor import Acceptor
from gateway.server.connection_board import SLOTS, ConnectionBoard


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=512) as made:
        yield made


@pytest.fixture
def occupancy() -> Iterator[ConnectionBoard]:
    made = ConnectionBoard.create()
    yield made
    os.close(made.descriptor)


class Echo(asyncio.Protocol):
    """Says its name to whoever connects."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.place.connections.add(self)
        self.place.nodelay.add(
            transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        )
        transport.write(self.place.name)

    def connection_lost(self, exc: Exception | None) -> None:
        self.place.connections.discard(self)


class Place:
    """One process."""

    def __init__(
        self, name: bytes, listener: socket.socket, occupancy: ConnectionBoard | None = None
    ) -> None:
        self.name = name
        self.connections: set[Echo] = set()
        self.nodelay: set[int] = set()
        self.seat = occupancy.take() if occupancy is not None else None
        # A descriptor each, as processes have.
        self.listener = listener.dup()
        self.acceptor = Acceptor(
            self.listener,
            lambda: Echo(self),
            connections=lambda: len(self.connections),
            seat=self.seat,
        )

    def close(self) -> None:
        self.acceptor.close()
        self.listener.close()


def connect(listener: socket.socket, count: int) -> list[socket.socket]:
    """All at once: the system has taken them before anybody accepts."""
    made = []
    for _ in range(count):
        caller = socket.create_connection(listener.getsockname())
        caller.setblocking(False)
        made.append(caller)
    return made


async def name_of(caller: socket.socket) -> bytes:
    return await asyncio.wait_for(asyncio.get_running_loop().sock_recv(caller, 100), 5)


def close_all(callers: list[socket.socket]) -> None:
    for caller in callers:
        caller.close()


async def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


async def test_it_works(listener: socket.socket) -> None:
    """Alone, everybody is taken, and small writes leave at once."""
    place = Place(b"one", listener)
    callers = connect(listener, 100)
    assert {await name_of(caller) for caller in callers} == {b"one"}
    assert len(place.connections) == 100
    assert 0 not in place.nodelay
    close_all(callers)
    await until(lambda: not place.connections)
    place.close()


async def test_each_gets_its_part(listener: socket.socket, occupancy: ConnectionBoard) -> None:
    places = [Place(b"%d" % number, listener, occupancy) for number in range(3)]
    callers = connect(listener, 90)
    for caller in callers:
        await name_of(caller)
    counts = [len(place.connections) for place in places]
    assert sum(counts) == 90
    assert max(counts) - min(counts) <= 4
    close_all(callers)
    for place in places:
        place.close()


async def test_who_has_more_lets_the_other_catch_up(
    listener: socket.socket, occupancy: ConnectionBoard
) -> None:
    first = Place(b"first", listener, occupancy)
    early = connect(listener, 20)
    assert {await name_of(caller) for caller in early} == {b"first"}
    second = Place(b"second", listener, occupancy)
    late = connect(listener, 10)
    assert [await name_of(caller) for caller in late] == [b"second"] * 10
    close_all(early)
    await until(lambda: not first.connections)
    first.acceptor.look()
    again = connect(listener, 5)
    assert [await name_of(caller) for caller in again] == [b"first"] * 5
    close_all(late + again)
    first.close()
    second.close()


async def test_who_does_not_take_them_is_not_waited_for(
    listener: socket.socket, occupancy: ConnectionBoard
) -> None:
    """A process that is stuck says that it has no callers, and takes none."""
    stuck = occupancy.take()
    assert stuck is not None
    stuck.write(0)
    place = Place(b"one", listener, occupancy)
    began = time.monotonic()
    callers = connect(listener, 200)
    assert {await name_of(caller) for caller in callers} == {b"one"}
    assert time.monotonic() - began < 1
    close_all(callers)
    place.close()


async def test_who_is_starting_or_gone_is_not_waited_for(
    listener: socket.socket, occupancy: ConnectionBoard
) -> None:
    gone = Place(b"gone", listener, occupancy)
    place = Place(b"one", listener, occupancy)
    assert occupancy.take() is not None
    gone.close()
    assert place.seat is not None
    assert place.seat.least_beside() is None
    callers = connect(listener, 20)
    assert {await name_of(caller) for caller in callers} == {b"one"}
    close_all(callers)
    place.close()


async def test_when_nothing_more_can_be_opened_it_tries_again(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PAUSE", 0.05)
    place = Place(b"one", listener)
    exhausted = True
    accept = socket.socket.accept

    class Listener(socket.socket):
        def accept(self) -> tuple[socket.socket, object]:
            if exhausted:
                raise OSError(errno.EMFILE, "Too many open files")
            return accept(self)

    place.acceptor._listener = Listener(fileno=os.dup(place.listener.fileno()))
    (caller,) = connect(listener, 1)
    await asyncio.sleep(0.02)
    assert not place.connections
    exhausted = False
    assert await name_of(caller) == b"one"
    caller.close()
    place.close()


def test_slots(occupancy: ConnectionBoard) -> None:
    taken = [seat for _ in range(SLOTS) if (seat := occupancy.take()) is not None]
    assert [seat.slot for seat in taken] == list(range(SLOTS))
    assert occupancy.take() is None
    assert taken[0].least_beside() is None
    taken[7].write(3)
    taken[8].write(5)
    assert taken[0].least_beside() == 3
    assert taken[7].least_beside() == 5
    taken[7].free()
    again = occupancy.take()
    assert again is not None
    assert again.slot == 7
