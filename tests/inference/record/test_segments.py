"""Segments: one writer each, whole lines, and a full disk that nobody waits for."""

from __future__ import annotations

import fcntl
import os
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from inference.record.segments import SegmentWriter, segments_in

LINE = b'{"text":"%b"}\n' % (b"x" * 1000)


@contextmanager
def files_no_longer_than(size: int) -> Iterator[None]:
    """The system refuses to write beyond `size`, as a full disk does."""
    kept = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, kept[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, kept)


def lines(directory: Path) -> list[bytes]:
    data = b"".join((directory / name).read_bytes() for name, _ in segments_in(directory))
    return data.splitlines(keepends=True)


def test_it_works(tmp_path: Path) -> None:
    """Nothing is made before there is something to write; then a file for this user alone."""
    directory = tmp_path / "segments"
    writer = SegmentWriter(directory)
    writer.flush()
    assert not directory.exists()
    for number in range(3):
        writer.add(b"%d\n" % number)
    writer.flush()
    writer.add(b"3\n")
    writer.close()
    ((name, size),) = segments_in(directory)
    assert (directory / name).stat().st_mode & 0o077 == 0
    assert size == 8
    assert lines(directory) == [b"0\n", b"1\n", b"2\n", b"3\n"]


def test_a_segment_is_locked_as_long_as_its_writer_lives(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path)
    writer.add(LINE)
    writer.flush()
    ((name, _),) = segments_in(tmp_path)
    descriptor = os.open(tmp_path / name, os.O_RDONLY)
    with pytest.raises(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    writer.close()
    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(descriptor)


def test_a_long_segment_is_left_for_a_new_one(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path, segment_bytes=3000)
    for _ in range(9):
        writer.add(LINE)
        writer.flush()
    writer.close()
    assert len(segments_in(tmp_path)) == 3
    assert lines(tmp_path) == [LINE] * 9


def test_a_burst_is_not_held_in_memory(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path)
    for _ in range(200):
        writer.add(LINE)
    assert len(lines(tmp_path)) > 100


def test_a_full_disk_leaves_whole_lines_and_is_waited_out(tmp_path: Path) -> None:
    """What fits is written, half a line is taken back, the rest waits; nothing is written twice."""
    now = 0.0
    writer = SegmentWriter(tmp_path, clock=lambda: now)
    numbered = [b'{"n":%d,"text":"%b"}\n' % (number, b"x" * 3000) for number in range(6)]
    with files_no_longer_than(10_000):
        for line in numbered[:5]:
            writer.add(line)
        writer.flush()
        assert lines(tmp_path) == numbered[:3]
        writer.add(numbered[5])
        now = 1.0
        writer.flush()
        assert lines(tmp_path) == numbered[:3]
    now = 2.0
    writer.flush()
    assert lines(tmp_path) == numbered
    assert writer.lost == 0


def test_a_disk_that_stays_full_loses_the_oldest_and_counts(tmp_path: Path) -> None:
    """Memory stays bounded, and no call raises."""
    writer = SegmentWriter(tmp_path, held_bytes=20_000)
    with files_no_longer_than(0):
        for _ in range(100):
            writer.add(LINE)
            writer.flush()
        assert 80 <= writer.lost <= 90
        writer.close()
    assert writer.lost == 100


FULL = """
import sys
from pathlib import Path
from inference.record.segments import SegmentWriter
writer = SegmentWriter(Path(sys.argv[1]), held_bytes=100_000)
line = b'{"text":"%b"}\\n' % (b"x" * 1000)
for _ in range(2000):
    writer.add(line)
    writer.flush()
writer.close()
print(writer.lost)
"""


def test_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """A file system of 1 MiB, where this machine lets us mount one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount")
    try:
        result = subprocess.run(
            [sys.executable, "-c", FULL, str(disk)], capture_output=True, text=True, check=True
        )
        kept = lines(disk)
        assert all(line.endswith(b"}\n") for line in kept)
        assert len(kept) > 900
        assert len(kept) + int(result.stdout.splitlines()[-1]) == 2000
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_the_budget_is_not_passed(tmp_path: Path) -> None:
    """Records that find no room are counted; those that are there stay, whoever wrote them."""
    now = 0.0
    writer = SegmentWriter(tmp_path, segment_bytes=5000, budget_bytes=10_000, clock=lambda: now)
    for _ in range(30):
        writer.add(LINE)
        writer.flush()
        now += 3.0
    assert sum(size for _, size in segments_in(tmp_path)) < 12_000
    assert len(lines(tmp_path)) + writer.lost == 30
    for name, _ in segments_in(tmp_path):
        (tmp_path / name).unlink()
    lost = writer.lost
    writer.add(LINE)
    writer.flush()
    assert writer.lost == lost
