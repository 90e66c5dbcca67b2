from __future__ import annotations

from pathlib import Path

import pytest

from governance.interactions.record import InteractionRecord
from inference.record.batch import Batch
from tests.interactions.batches import records_of


class Kept:
    """A destination that remembers."""

    def __init__(self) -> None:
        self.records: list[InteractionRecord] = []
        self.dropped = 0
        self.flushes = 0

    def add(self, batch: Batch) -> None:
        self.records += records_of(batch.lines)

    def flush(self) -> None:
        self.flushes += 1


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def log_dir(tmp_path: Path) -> Path:
    return tmp_path / "interactions"
