"""Files that many processes append to, and that anybody may read at any moment."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest

from inference.record.day_files import DayFile, path_of
from inference.record.pages import PAGE

WRITER = """
import sys
from pathlib import Path
from inference.record.day_files import DayFile
path, name, batches = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
file = DayFile(path)
for batch in range(batches):
    file.append([
        b'{"by":"%b","batch":%d,"line":%d,"text":"%b"}\\n'
        % (name.encode(), batch, line, b"x" * ((batch * 7 + line * 131) % 1900))
        for line in range(20)
    ])
"""


def lines_of(path: Path) -> list[dict[str, object]]:
    """Every line of the file, each of which must be a record."""
    text = path.read_bytes()
    assert text.endswith(b"\n")
    return [json.loads(line) for line in text[:-1].split(b"\n")]


def test_it_works(tmp_path: Path) -> None:
    path = path_of(tmp_path / "log", "2030-01-31")
    file = DayFile(path)
    file.append([b'{"a":1}\n'])
    file.append([b'{"a":2}\n', b'{"a":3}\n'])
    assert path.name == "interactions-2030-01-31.jsonl"
    assert path.read_bytes() == b'{"a":1}\n{"a":2}\n{"a":3}\n'
    assert path.stat().st_mode & 0o077 == 0


def test_writers_and_a_reader_at_once(tmp_path: Path) -> None:
    """Two processes append; a reader without a lock meets whole lines only, and none is lost."""
    path = tmp_path / "day.jsonl"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name, "150"])
        for name in ("one", "two")
    ]
    looks = 0
    while any(writer.poll() is None for writer in writers):
        if not path.exists():
            time.sleep(0.001)
            continue
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - 2 * PAGE) // PAGE * PAGE)
            seen = file.read()
        # The first fragment began on an earlier page; the last may be blanks before a line.
        for fragment in seen.split(b"\n")[1:]:
            if fragment.strip():
                msgspec.json.decode(fragment)
        looks += 1
    assert [writer.wait() for writer in writers] == [0, 0]
    assert looks > 10
    for name in ("one", "two"):
        own = [(line["batch"], line["line"]) for line in lines_of(path) if line["by"] == name]
        assert own == [(batch, line) for batch in range(150) for line in range(20)]


@pytest.mark.parametrize("torn", [b'{"a":', b'{"a":"' + b"x" * 200_000, b"  {"])
def test_a_torn_line_is_cut_off(tmp_path: Path, torn: bytes) -> None:
    """What a writer left that died in the middle of a line goes with the next append."""
    path = tmp_path / "day.jsonl"
    path.write_bytes(b'{"a":1}\n' + torn)
    DayFile(path).append([b'{"a":2}\n'])
    assert lines_of(path) == [{"a": 1}, {"a": 2}]


def test_a_file_of_half_a_line_only(tmp_path: Path) -> None:
    path = tmp_path / "day.jsonl"
    path.write_bytes(b'{"a"')
    DayFile(path).append([b'{"a":2}\n'])
    assert lines_of(path) == [{"a": 2}]


def test_blanks_before_a_line_are_no_damage(tmp_path: Path) -> None:
    """A writer that died between the padding and its line left nothing to mend."""
    path = tmp_path / "day.jsonl"
    path.write_bytes(b'{"a":1}\n' + b" " * 100)
    DayFile(path).append([b'{"a":2}\n'])
    assert lines_of(path) == [{"a": 1}, {"a": 2}]


def test_a_moved_file_is_begun_anew(tmp_path: Path) -> None:
    """Whoever rotates logs may move or delete the file at any time."""
    path = tmp_path / "day.jsonl"
    file = DayFile(path)
    file.append([b'{"a":1}\n'])
    path.rename(tmp_path / "old.jsonl")
    file.append([b'{"a":2}\n'])
    assert lines_of(path) == [{"a": 2}]
    path.unlink()
    file.append([b'{"a":3}\n'])
    assert lines_of(path) == [{"a": 3}]
    path.unlink()
    path.write_bytes(b'{"b":1}\n')
    file.append([b'{"a":4}\n'])
    assert lines_of(path) == [{"b": 1}, {"a": 4}]
    assert lines_of(tmp_path / "old.jsonl") == [{"a": 1}]


def test_a_full_disk_leaves_whole_lines(tmp_path: Path) -> None:
    """A write that the system cuts short is taken back: no half line stays."""
    path = tmp_path / "day.jsonl"
    file = DayFile(path)
    file.append([b'{"a":1}\n'])
    kept = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, kept[1]))
    try:
        with pytest.raises(OSError, match="too large"):
            file.append([b'{"text":"%b"}\n' % (b"x" * 3000)] * 5)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, kept)
    assert lines_of(path) == [{"a": 1}]
