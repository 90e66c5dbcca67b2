"""Whether there is room on the disk for one more model."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from inference.local.store.errors import CannotAdd

RESERVE: Final = 512 * 2**20
"""Bytes that stay free on the disk, whatever a model wants: the database and the log are there."""


@dataclass(frozen=True, slots=True)
class DiskRoom:
    """`budget_bytes` is what all models together may take up; 0: what the disk has."""

    models_dir: Path
    budget_bytes: int = 0

    def left(self) -> int:
        """Bytes; may be below zero."""
        free = shutil.disk_usage(self.models_dir).free - RESERVE
        if not self.budget_bytes:
            return free
        return min(free, self.budget_bytes - size_of(self.models_dir))

    def check(self, wanted: int) -> None:
        """Raises CannotAdd when a model of that size has no room."""
        left = self.left()
        if wanted <= left:
            return
        budget = f" of the budget of {readable_bytes(self.budget_bytes)}" * bool(self.budget_bytes)
        raise CannotAdd(
            f"The model takes {readable_bytes(wanted)}, but {readable_bytes(max(left, 0))}"
            f"{budget} are left for models. Remove another one first (`manage.py models list`)."
        )


def size_of(folder: Path) -> int:
    """Bytes of all files below, each counted once; files may vanish meanwhile."""
    total, seen = 0, set()
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                status = os.lstat(os.path.join(path, name))
            except OSError:
                continue
            if (status.st_dev, status.st_ino) not in seen:
                seen.add((status.st_dev, status.st_ino))
                total += status.st_size
    return total


def readable_bytes(size: int) -> str:
    mib = size / 2**20
    return f"{mib / 1024:.1f} GiB" if mib >= 1024 else f"{mib:.1f} MiB"
