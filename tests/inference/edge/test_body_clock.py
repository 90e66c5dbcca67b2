"""How long a body may take: nothing for a while, or hardly anything on the whole."""

from __future__ import annotations

from inference.edge.body_clock import LEAST_RATE, latest


def test_a_byte_now_and_then_does_not_hold_a_body_for_ever() -> None:
    began, idle = 1000.0, 30.0
    now, read = began, 0
    while now < latest(now, began, idle, read):
        now, read = now + idle - 1, read + 1
    assert now - began <= 2 * idle


def test_who_sends_steadily_is_waited_for() -> None:
    began, idle, seconds = 1000.0, 30.0, 3600
    for second in range(0, seconds, 10):
        assert latest(began + second, began, idle, second * LEAST_RATE) >= began + second + 10


def test_a_pause_is_no_longer_than_it_may_be() -> None:
    """However much came before it."""
    assert latest(1000.0, 0.0, 30.0, 1 << 30) == 1030.0
