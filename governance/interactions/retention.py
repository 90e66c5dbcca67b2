"""How long interactions are kept: old rows and old files go, in batches that hold up nobody."""

from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from governance.models.interaction import Interaction

BATCH: Final = 1000
"""Rows of one transaction."""
PAUSE: Final = 0.01
"""Seconds between two, in which others may write."""
_FILE: Final = re.compile(r"interactions-(\d{4}-\d{2}-\d{2})\.jsonl(\.\w+)?")


def cutoff(days: int, now: datetime) -> datetime:
    """The moment before which interactions are too old."""
    return now - timedelta(days=days)


def count_rows(before: datetime) -> int:
    return Interaction.objects.filter(time__lt=before).count()


def delete_rows(before: datetime, *, batch: int = BATCH, pause: float = PAUSE) -> int:
    """Deletes what is older, the oldest first; how many rows that were."""
    total = 0
    while True:
        old = Interaction.objects.filter(time__lt=before).order_by("time", "id")
        keys = list(old.values_list("pk", flat=True)[:batch])
        if not keys:
            return total
        total += Interaction.objects.filter(pk__in=keys).delete()[0]
        time.sleep(pause)


def old_files(directory: Path, before: datetime) -> list[Path]:
    """The log files, compressed ones too, whose whole day lies before that moment."""
    last = before.astimezone(UTC).date()
    return sorted(path for path in directory.glob("interactions-*") if _is_old(path, last))


def _is_old(path: Path, last: date) -> bool:
    match = _FILE.fullmatch(path.name)
    if match is None:
        return False
    try:
        return date.fromisoformat(match[1]) < last
    except ValueError:
        return False
