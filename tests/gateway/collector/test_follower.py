"""Segments are followed line by line, however much of them waits."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

from gateway.collector.follower import Follower

SEGMENT = "01795921162453557820-1-0000000a.segment"


def test_what_waits_is_not_read_to_see_that_it_waits(tmp_path: Path) -> None:
    """After hours without a database there is more than fits into memory."""
    (tmp_path / SEGMENT).write_bytes((b"x" * 999 + b"\n") * 40_000)
    follower = Follower(tmp_path)
    tracemalloc.start()
    try:
        assert follower.finish() == ([], 0)
        assert len(follower.look(500)[0].lines) > 100
        assert tracemalloc.get_traced_memory()[1] < 4 * 2**20
    finally:
        tracemalloc.stop()
        follower.close()


def test_a_line_that_is_longer_than_what_is_read_at_once(tmp_path: Path) -> None:
    lines = [b"x" * 2**20 + b"\n", b"short\n"]
    (tmp_path / SEGMENT).write_bytes(b"".join(lines) + b"half a li")
    follower, seen = Follower(tmp_path), []
    while chunks := follower.look(500):
        assert follower.finish() == ([], 0)
        seen += chunks[0].lines
        follower.settle(chunks)
    assert seen == lines
    assert follower.finish() == ([SEGMENT], 1), "its writer is gone, and half a line with it"
    assert not list(tmp_path.iterdir())
    follower.close()
