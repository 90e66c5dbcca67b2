"""The spool: a queue that takes disk, and memory only when there is no disk."""

from __future__ import annotations

import random
from typing import Any

import pytest

from inference.record.spool import Spool


def test_pieces_come_out_as_they_went_in() -> None:
    rng = random.Random(7)
    spool, waiting = Spool(), []
    for _ in range(2000):
        if waiting and rng.random() < 0.5:
            assert spool.take() == waiting.pop(0)
        else:
            piece = rng.randbytes(rng.randrange(1, 500))
            spool.put(piece)
            waiting.append(piece)
        assert bool(spool) == bool(waiting)
    while waiting:
        assert spool.take() == waiting.pop(0)


def test_the_file_shrinks_when_all_is_taken() -> None:
    spool = Spool()
    spool.put(b"x" * 100_000)
    spool.take()
    spool._file.seek(0, 2)
    assert spool._file.tell() == 0


def test_what_the_disk_refuses_stays_in_memory() -> None:
    """A full disk in between costs nothing and changes no order."""
    spool = Spool()
    spool.put(b"one")
    real = spool._file

    class Full:
        def seek(self, at: int) -> int:
            return real.seek(at)

        def write(self, piece: bytes) -> int:
            return real.write(piece[:1])

    anything: Any = Full()
    spool._file = anything
    spool.put(b"two")
    spool._file = real
    spool.put(b"three")
    assert [spool.take() for _ in range(3)] == [b"one", b"two", b"three"]


def test_an_empty_spool_gives_nothing() -> None:
    with pytest.raises(IndexError):
        Spool().take()
