"""SIGTERM loses no record, whatever the database does."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.stopping import run


@pytest.mark.timeout(400)
def test_it_works(tmp_path: Path) -> None:
    missed = [one for one in run(tmp_path) if not one.holds]
    assert not missed
