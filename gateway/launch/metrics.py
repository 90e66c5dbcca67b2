"""Where the web processes keep their counts, so that one of them can tell the sum."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def environment(data_dir: Path) -> Mapping[str, str]:
    """What web processes need to share metrics. Counts of an earlier run are removed."""
    directory = data_dir / "run" / "metrics"
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path in directory.glob("*.db"):
        path.unlink(missing_ok=True)
    return {"PROMETHEUS_MULTIPROC_DIR": str(directory)}
