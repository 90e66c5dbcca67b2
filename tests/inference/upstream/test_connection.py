"""One connection, over a transport that counts what it is given."""

import asyncio
import sys
from typing import Any

from inference.upstream import Destination, Reply
from inference.upstream.connection import SMALL_BODY, Connection

BODY = bytes(8 * 1024 * 1024)
HIGH_WATER = 64 * 1024


class CountingTransport(asyncio.Transport):
    """Takes everything, and tells its protocol to pause once more than the high water waits."""

    def __init__(self, protocol: Connection) -> None:
        super().__init__()
        self.protocol = protocol
        self.waiting = 0
        self.most = 0
        self.sent = 0
        self.paused = False

    def write(self, data: Any) -> None:
        self.waiting += len(data)
        self.most = max(self.most, self.waiting)
        if self.waiting > HIGH_WATER and not self.paused:
            self.paused = True
            self.protocol.pause_writing()

    def drain(self) -> None:
        """The upstream has read all that waits."""
        self.sent += self.waiting
        self.waiting = 0
        if self.paused:
            self.paused = False
            self.protocol.resume_writing()

    def get_write_buffer_size(self) -> int:
        return self.waiting

    def abort(self) -> None:
        self.protocol.connection_lost(None)


class NoPool:
    """Nobody takes the connection back."""

    def connection_idle(self, connection: Connection) -> None:
        connection.drop()

    def connection_closed(self, connection: Connection) -> None:
        pass

    def connection_lost(self, connection: Connection) -> None:
        pass


def connected() -> tuple[Connection, CountingTransport, Reply]:
    connection = Connection(NoPool(), Destination("http", "localhost", 80))
    transport = CountingTransport(connection)
    connection.connection_made(transport)
    reply = Reply(asyncio.get_running_loop())
    connection.begin(reply, b"POST")
    return connection, transport, reply


async def test_a_large_body_leaves_as_the_upstream_takes_it() -> None:
    """What waits in this process stays small, whatever the size of the body."""
    connection, transport, _ = connected()
    connection.write(b"head", BODY)
    for _ in range(1000):
        transport.drain()
    assert transport.sent == len(b"head") + len(BODY)
    assert transport.most < 1_000_000


async def test_nothing_of_a_large_body_stays_behind_once_it_has_left() -> None:
    """An idle connection would keep it until it is used again, or closed."""
    connection, transport, _ = connected()
    body = bytes(3_000_000)
    before = sys.getrefcount(body)
    connection.write(b"head", body)
    for _ in range(100):
        transport.drain()
    assert transport.sent == len(b"head") + len(body)
    assert sys.getrefcount(body) == before


async def test_nothing_more_leaves_after_the_reply_was_aborted() -> None:
    connection, transport, reply = connected()
    connection.write(b"head", BODY)
    transport.drain()
    sent = transport.sent
    reply.abort()
    assert connection.closed
    transport.waiting = 0
    connection.resume_writing()
    assert transport.waiting == 0
    assert sent < len(BODY)


async def test_a_small_body_leaves_in_one_write_with_its_head() -> None:
    writes: list[bytes] = []

    class Keeping(CountingTransport):
        def write(self, data: Any) -> None:
            writes.append(bytes(data))

    connection, _, reply = connected()
    connection.connection_made(Keeping(connection))
    connection.write(b"head", b"x" * SMALL_BODY)
    assert writes == [b"head" + b"x" * SMALL_BODY]
    reply.abort()
