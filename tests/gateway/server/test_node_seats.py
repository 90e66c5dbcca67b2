"""What processes of a node share: as many as allowed; those of one that died come back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gateway.server.node_seats import ALONE, NodeSeats

HOLDER = """
import sys
from pathlib import Path
from gateway.server.node_seats import NodeSeats
seats = NodeSeats(Path(sys.argv[1]))
print([seats.take("one", 5) is not None for _ in range(int(sys.argv[2]))].count(True), flush=True)
sys.stdin.read()
"""


def holder(directory: Path, count: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(directory), str(count)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_it_works(tmp_path: Path) -> None:
    mine = NodeSeats(tmp_path)
    other = holder(tmp_path, 3)
    try:
        assert other.stdout is not None
        assert other.stdout.readline().strip() == "3"
        seats = [mine.take("one", 5) for _ in range(3)]
        assert seats[2] is None
        assert len({*seats[:2]}) == 2
        assert mine.take("two", 1) is not None, "each provider has its own"
        assert mine.take("two", 1) is None
        mine.give("two", 0)
        assert mine.take("two", 1) == 0
    finally:
        other.kill()
        other.wait(10)
    assert [mine.take("one", 5) is None for _ in range(4)] == [False, False, False, True]
    mine.close()


def test_where_no_file_is_to_be_had_it_counts_for_itself(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    seats = NodeSeats(tmp_path / "file" / "below")
    assert seats.take("one", 1) == ALONE
    seats.give("one", ALONE)
    seats.close()


def test_a_high_limit_is_not_searched_for_ever(tmp_path: Path) -> None:
    seats = NodeSeats(tmp_path)
    taken = [seats.take("one", 2000) for _ in range(1000)]
    assert None not in taken
    assert len(set(taken)) == 1000
    seats.close()
