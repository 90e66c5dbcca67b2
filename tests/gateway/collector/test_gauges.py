"""What web processes tell the collector: totals, so that nothing counts twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.collector.gauges import GaugeReceiver, Gauges, GaugeSender
from gateway.collector.places import places
from governance.socket_path import LIMIT


def test_it_works(tmp_path: Path) -> None:
    """Requests in flight are those of all processes; a total that is told again is no loss."""
    receiver, sender = GaugeReceiver(tmp_path / "s"), GaugeSender(tmp_path / "s")
    sender.send(Gauges("a", 3, 10, 5))
    sender.send(Gauges("b", 4, 20, 0))
    assert receiver.receive() == 5
    assert receiver.now() == (7, 30)
    sender.send(Gauges("a", 1, 10, 7))
    sender.send(Gauges("a", 1, 10, 7))
    assert receiver.receive() == 2
    assert receiver.now() == (5, 30)
    receiver.close()
    sender.close()


def test_what_has_not_changed_is_told_once_a_second(tmp_path: Path) -> None:
    now = 0.0
    receiver = GaugeReceiver(tmp_path / "s", lambda: now)
    sender = GaugeSender(tmp_path / "s", lambda: now)
    for _ in range(20):
        sender.send(Gauges("a", 3, 10, 0))
        now += 0.1
        receiver.receive()
    assert receiver.now() == (3, 10)
    now += 3.0
    assert receiver.now() == (0, 0), "a process that says nothing is gone"
    receiver.close()
    sender.close()


def test_a_collector_that_is_away_or_stuck_is_no_trouble(tmp_path: Path) -> None:
    sender = GaugeSender(tmp_path / "s")
    sender.send(Gauges("a", 1, 0, 3))
    receiver = GaugeReceiver(tmp_path / "s")
    for number in range(5000):
        sender.send(Gauges("a", number, 0, 3))
    assert receiver.receive() == 3
    receiver.close()
    sender.send(Gauges("a", 2, 0, 3))
    sender.close()


def test_rubbish_is_passed_over(tmp_path: Path) -> None:
    receiver, sender = GaugeReceiver(tmp_path / "s"), GaugeSender(tmp_path / "s")
    sender._socket.sendto(b"rubbish", str(tmp_path / "s"))
    sender.send(Gauges("a", 1, 0, 0))
    receiver.receive()
    assert receiver.now() == (1, 0)
    receiver.close()
    sender.close()


@pytest.mark.parametrize("length", [10, 200])
def test_the_socket_can_be_bound_wherever_the_data_is(
    tmp_path: Path, settings: Any, length: int
) -> None:
    settings.DATA_DIR = tmp_path / ("x" * length)
    path = places().socket
    assert len(str(path)) <= LIMIT
    receiver = GaugeReceiver(path)
    assert path.parent.stat().st_mode & 0o077 == 0
    receiver.close()
