"""Where the web processes keep their counts, so that one of them can tell the sum."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path


def environment(data_dir: Path) -> Mapping[str, str]:
    """What web processes need to share metrics: a directory of this launcher's own.

    Those of launchers that have ended are removed; another one that runs keeps its counts, be it
    that somebody tried to start the service twice.
    """
    everybodys = data_dir / "run" / "metrics"
    directory = everybodys / str(os.getpid())
    everybodys.mkdir(parents=True, exist_ok=True, mode=0o700)
    for other in [path for path in everybodys.iterdir() if path.is_dir()]:
        if other.name == directory.name or not _runs(other.name):
            shutil.rmtree(other, ignore_errors=True)
    directory.mkdir(mode=0o700)
    return {"PROMETHEUS_MULTIPROC_DIR": str(directory)}


def _runs(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
