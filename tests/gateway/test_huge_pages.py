"""Huge pages: asked for where the system leaves it to programs, and never a trouble."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from gateway.server import huge_pages

PROCESS = """
from pathlib import Path
from gateway import huge_pages
held = [{"number": number, "text": "t" * (number % 50)} for number in range(200_000)]
def kib(name):
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))
before = kib("Rss:")
found = huge_pages.ask()
assert [one["number"] for one in held] == list(range(200_000))
print(found, kib("AnonHugePages:"), before, kib("Rss:"))
"""


def test_it_works() -> None:
    """What a process holds lies in huge pages afterwards, and takes no more memory."""
    enabled = Path("/sys/kernel/mm/transparent_hugepage/enabled")
    if not enabled.exists() or "[madvise]" not in enabled.read_text():
        pytest.skip("this system does not leave it to programs")
    told = subprocess.run(
        [sys.executable, "-c", PROCESS], capture_output=True, text=True, check=True
    ).stdout
    found, huge, before, after = map(int, told.split())
    if not found:
        pytest.skip("the system had none to give")
    assert huge >= found * 2048
    # A tenth of a huge page may have been free.
    assert after < 1.12 * before


def test_it_takes_no_longer_than_it_may() -> None:
    assert huge_pages.ask(seconds=0) <= 1


@pytest.mark.parametrize("enabled", ["[always] madvise never", "always madvise [never]", ""])
def test_where_it_is_not_ours_to_ask_nothing_happens(
    enabled: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "enabled").write_text(enabled)
    monkeypatch.setattr(huge_pages, "_SYSTEM", tmp_path)
    assert huge_pages.ask() == 0
    (tmp_path / "enabled").unlink()
    assert huge_pages.ask() == 0
