"""The programs of the benchmark, each in C and in Python."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.programs import Mock, compiled


@pytest.fixture(params=["C", "Python"])
def python(request: pytest.FixtureRequest) -> bool:
    """Whether the stand-in in Python is meant; C is skipped where nothing compiles it."""
    wanted: bool = request.param == "Python"
    if not wanted and (compiled("mock") is None or compiled("load") is None):
        pytest.skip("no C compiler")
    return wanted


@pytest.fixture
def mock(tmp_path: Path, python: bool) -> Iterator[Mock]:
    with Mock(tmp_path, python=python) as running:
        yield running
