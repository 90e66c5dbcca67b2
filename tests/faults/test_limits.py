"""The short form of the proof of limits: two nodes on PostgreSQL, kills included."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.limits import SHORT, run
from tests.support import postgres


@pytest.mark.skipif(not postgres.available(), reason="there is no PostgreSQL here")
@pytest.mark.timeout(240)
def test_it_works(tmp_path: Path) -> None:
    missed = [one for one in run(tmp_path, SHORT) if not one.holds]
    assert not missed
