"""The engine over the real tiny model, as the launcher starts it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.inference.local import tiny_model


@contextmanager
def engine(folder: Path) -> Iterator[Path]:
    """Its socket. The model is loaded by the first request; the process ends with the block."""
    models = folder / "models"
    models.mkdir()
    (models / tiny_model.NAME).symlink_to(tiny_model.PATH)
    socket = folder / "engine.sock"
    command = [sys.executable, "-m", "inference.local.engine", "--socket", str(socket)]
    command += ["--models-dir", str(models), "--batching", "--exit-with-parent"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["state"] == "listening"
        yield socket
        process.stdin.close()
        assert process.wait(10) == 0
