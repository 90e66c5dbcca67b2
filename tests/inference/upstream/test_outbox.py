"""The outbox: what is written in one turn leaves in order, and nobody waits who is alone."""

from __future__ import annotations

import asyncio
from typing import Any

from inference.upstream.outbox import UNWATCHED, Outbox, outbox_of


class Wire(asyncio.WriteTransport):
    """Notes what is written, with the other wires of the test."""

    def __init__(self, name: str, log: list[tuple[str, bytes]]) -> None:
        super().__init__()
        self.name = name
        self.log = log
        self.closing = False

    def write(self, data: Any) -> None:
        self.log.append((self.name, bytes(data)))

    def is_closing(self) -> bool:
        return self.closing


async def test_the_first_goes_at_once_and_the_others_together() -> None:
    """At the end of the turn each transport is written to once."""
    log: list[tuple[str, bytes]] = []
    outbox = Outbox(asyncio.get_running_loop())
    one, two = Wire("one", log), Wire("two", log)
    outbox.write(one, b"a")
    outbox.write(two, b"b")
    outbox.write(two, b"c")
    outbox.write(one, b"d")
    assert log == [("one", b"a")]
    await asyncio.sleep(0)
    assert log == [("one", b"a"), ("two", b"bc"), ("one", b"d")]


async def test_who_is_alone_never_waits() -> None:
    log: list[tuple[str, bytes]] = []
    outbox = Outbox(asyncio.get_running_loop())
    wire = Wire("one", log)
    for number in range(3 * UNWATCHED):
        outbox.write(wire, b"%d" % number)
        assert len(log) == number + 1
        await asyncio.sleep(0)


async def test_the_order_holds_however_turns_fall() -> None:
    """Watched or not, early or late: each transport gets its bytes as they were written."""
    log: list[tuple[str, bytes]] = []
    outbox = Outbox(asyncio.get_running_loop())
    wires = [Wire(str(n), log) for n in range(3)]
    sent: dict[str, bytes] = {wire.name: b"" for wire in wires}
    for step in range(400):
        for wire in wires[: 1 + step % 3] * (1 + step % 2):
            data = b"%d;" % step
            outbox.write(wire, data)
            sent[wire.name] += data
        if step % 5:
            await asyncio.sleep(0)
    await asyncio.sleep(0)
    for wire in wires:
        assert b"".join(data for name, data in log if name == wire.name) == sent[wire.name]


async def test_flushing_leaves_nothing_behind() -> None:
    """As before a connection is closed; what has closed meanwhile is not written to."""
    log: list[tuple[str, bytes]] = []
    outbox = Outbox(asyncio.get_running_loop())
    one, gone = Wire("one", log), Wire("gone", log)
    outbox.write(one, b"a")
    outbox.write(one, b"b")
    outbox.write(gone, b"c")
    gone.closing = True
    outbox.flush()
    assert log == [("one", b"a"), ("one", b"b")]
    await asyncio.sleep(0)
    assert len(log) == 2


async def test_a_loop_has_one_outbox() -> None:
    loop = asyncio.get_running_loop()
    assert outbox_of(loop) is outbox_of(loop)
