"""The documented log: settled bytes stay, and nobody's files are harmed."""

from __future__ import annotations

import fcntl
import os
import resource
from pathlib import Path

import pytest

from gateway.collector.day_files import DayFiles, Extent, path_of

DAY = "2030-01-31"


class Database:
    """What is settled, as the collector's database keeps it."""

    def __init__(self) -> None:
        self.extents: dict[str, Extent] = {}

    def files(self, directory: Path) -> DayFiles:
        return DayFiles(directory, self.extents.get, self.extents.__setitem__)

    def append(self, files: DayFiles, *lines: bytes, day: str = DAY) -> None:
        grown = files.append({day: lines})
        self.extents.update({day: growth.after for day, growth in grown.items()})
        files.keep(grown)


@pytest.fixture
def database() -> Database:
    return Database()


def test_it_works(tmp_path: Path, database: Database) -> None:
    files = database.files(tmp_path / "log")
    database.append(files, b"1\n", b"2\n")
    database.append(files, b"3\n")
    path = path_of(tmp_path / "log", DAY)
    assert path.name == "interactions-2030-01-31.jsonl"
    assert path.read_bytes() == b"1\n2\n3\n"
    assert path.stat().st_mode & 0o077 == 0
    assert database.extents[DAY].size == 6


@pytest.mark.parametrize("beyond", [b"2\n3\n", b"2\n{half", b""])
def test_what_is_not_settled_is_cut_off(tmp_path: Path, database: Database, beyond: bytes) -> None:
    """By the next collector, and by the same one when it does not know what became of the rows."""
    files = database.files(tmp_path)
    database.append(files, b"1\n")
    if beyond:
        files.append({DAY: [beyond]})
    files.forget()
    files.mend()
    assert path_of(tmp_path, DAY).read_bytes() == b"1\n"
    database.append(files, b"2\n")
    assert path_of(tmp_path, DAY).read_bytes() == b"1\n2\n"
    with path_of(tmp_path, DAY).open("ab") as file:
        file.write(beyond)
    database.append(database.files(tmp_path), b"3\n")
    assert path_of(tmp_path, DAY).read_bytes() == b"1\n2\n3\n"


@pytest.mark.parametrize("torn", [b'{"a":', b'{"a":"' + b"x" * 200_000, b""])
def test_a_file_of_the_release_before_is_gone_on_with(
    tmp_path: Path, database: Database, torn: bytes
) -> None:
    """Nothing of it is lost but half a line that a killed process left."""
    path_of(tmp_path, DAY).write_bytes(b"old\n" + torn)
    database.append(database.files(tmp_path), b"new\n")
    assert path_of(tmp_path, DAY).read_bytes() == b"old\nnew\n"


def test_a_moved_file_is_begun_anew(tmp_path: Path, database: Database) -> None:
    """Whoever rotates logs may move or delete the file at any time."""
    files, path = database.files(tmp_path), path_of(tmp_path, DAY)
    database.append(files, b"1\n")
    path.rename(tmp_path / "old.jsonl")
    database.append(files, b"2\n")
    assert path.read_bytes() == b"2\n"
    path.unlink()
    database.append(files, b"3\n")
    assert path.read_bytes() == b"3\n"
    path.rename(tmp_path / "older.jsonl")
    path.write_bytes(b"somebody else's\n")
    database.append(files, b"4\n")
    assert path.read_bytes() == b"somebody else's\n4\n"
    assert (tmp_path / "old.jsonl").read_bytes() == b"1\n"


def test_a_full_disk_leaves_what_was_settled(tmp_path: Path, database: Database) -> None:
    files = database.files(tmp_path)
    database.append(files, b"1\n")
    kept = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, kept[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            files.append({DAY: [b"x" * 3000 + b"\n"] * 3})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, kept)
    files.forget()
    database.append(files, b"2\n")
    assert path_of(tmp_path, DAY).read_bytes() == b"1\n2\n"


def test_a_reader_may_lock_the_file(tmp_path: Path, database: Database) -> None:
    """Shared, for as long as it reads; without a lock the last line may be seen in part."""
    files = database.files(tmp_path)
    database.append(files, b"1\n")
    descriptor = os.open(path_of(tmp_path, DAY), os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    os.close(descriptor)
    database.append(files, b"2\n")
    assert path_of(tmp_path, DAY).read_bytes() == b"1\n2\n"


def test_few_files_are_kept_open(tmp_path: Path, database: Database) -> None:
    files = database.files(tmp_path)
    before = len(os.listdir("/proc/self/fd"))
    for day in range(10, 30):
        database.append(files, b"1\n", day=f"2030-01-{day}")
    assert len(os.listdir("/proc/self/fd")) - before <= 4
    files.forget()
