"""What the collector says of itself, in a file that it replaces every second."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Final

import msgspec

NAME: Final = "status.json"
STALE_SECONDS: Final = 5.0
"""After how long without a new status the collector counts as away."""
LATE_SECONDS: Final = 5.0
"""Lag that an operator is told of."""
RECENT_SECONDS: Final = 3600.0
"""How long an operator is told of records that were lost."""
COMMAND: Final = "manage.py collect"


class Status(msgspec.Struct, frozen=True):
    """Times are Unix time in seconds."""

    at: float
    pid: int
    lag: float = 0.0
    """Seconds since the oldest record ended that is no row yet; 0 when all are."""
    backlog: int = 0
    """Bytes of the log that are no rows yet."""
    trouble: str = ""
    """Why it does not get on: the database is away, the disk is full."""
    lost: int = 0
    """Records that were lost since it started, by whatever cause."""
    lost_at: float = 0.0


def write(directory: Path, status: Status) -> None:
    replace(directory / NAME, msgspec.json.encode(status))


def read(directory: Path) -> Status | None:
    """None where there has never been a collector, or nobody can read what it says."""
    try:
        return msgspec.json.decode((directory / NAME).read_bytes(), type=Status)
    except (OSError, msgspec.MsgspecError):
        return None


def is_away(status: Status | None, now: float | None = None) -> bool:
    now = time.time() if now is None else now
    return status is None or now - status.at > STALE_SECONDS


def replace(path: Path, content: bytes) -> None:
    """The file with new content at once: whoever reads it meets the old or the new."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    draft.replace(path)
