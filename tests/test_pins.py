"""What is installed is pinned with hashes, and nothing of it is left out: see `make lock`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
ENTRY = re.compile(
    r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)[^\n]*((?:\n +--hash=\S+.*)*)", re.M
)


def locked() -> dict[str, tuple[str, int]]:
    """Version and number of hashes by name."""
    text = (ROOT / "requirements.lock").read_text()
    return {
        canonicalize_name(name): (version, hashes.count("--hash=sha256:"))
        for name, version, hashes in ENTRY.findall(text)
    }


def constraints() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = (line.split(";")[0].strip().split("==") for line in lines if "==" in line)
    return {canonicalize_name(name): version for name, version in pins}


def closure(name: str, extras: tuple[str, ...]) -> Iterator[str]:
    """The names of everything a distribution needs here."""
    seen: set[tuple[str, tuple[str, ...]]] = set()
    waiting = [(name, extras)]
    while waiting:
        one, wanted = waiting.pop()
        if (one, wanted) in seen:
            continue
        seen.add((one, wanted))
        yield one
        for text in metadata.requires(one) or ():
            need = Requirement(text)
            marks = [{"extra": extra} for extra in ("", *wanted)]
            if need.marker is None or any(need.marker.evaluate(mark) for mark in marks):
                waiting.append((canonicalize_name(need.name), tuple(sorted(need.extras))))


def test_every_pin_has_hashes() -> None:
    assert [name for name, (_, hashes) in locked().items() if not hashes] == []


def test_the_lock_and_the_constraints_say_the_same() -> None:
    found = {name: version for name, (version, _) in locked().items()}
    pinned = constraints()
    assert {name: found.get(name) for name in pinned if name in found} == {
        name: pinned[name] for name in pinned if name in found
    }


def test_nothing_that_is_needed_here_is_left_out() -> None:
    needed = set(closure("pointsman", ("local", "dev"))) - {"pointsman"}
    assert sorted(needed - set(locked())) == []
