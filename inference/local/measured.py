"""What was measured of a model on this machine, remembered from one load to the next."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

FOLDER: Final = ".measured"
"""In the models folder."""


class Measured:
    """Numbers by name, in a file of the model's. They count for the files and the machine that
    they were measured with, and for no others."""

    def __init__(self, folder: Path | None, name: str, mark: str) -> None:
        """Without a `folder` nothing is remembered. `mark` tells what the numbers depend on."""
        self._path = folder / f"{name}.json" if folder else None
        self._mark = mark
        self._numbers = self._read()

    def get(self, name: str) -> float | None:
        return self._numbers.get(name)

    def put(self, name: str, value: float) -> None:
        """A folder that cannot be written to forgets: then it is measured at the next load too."""
        self._numbers[name] = value
        if self._path is None:
            return
        with suppress(OSError):
            self._path.parent.mkdir(exist_ok=True)
            building = self._path.with_name(f".{self._path.name}.{os.getpid()}")
            building.write_text(json.dumps({"mark": self._mark, "numbers": self._numbers}))
            building.replace(self._path)

    def _read(self) -> dict[str, float]:
        try:
            found = json.loads(self._path.read_text()) if self._path else {}
            if found.get("mark") != self._mark:
                return {}
            return {str(name): float(value) for name, value in found["numbers"].items()}
        except (OSError, ValueError, AttributeError, KeyError, TypeError):
            return {}


def mark_of(model: Path, *more: object) -> str:
    """The model's files, and what else the numbers depend on."""
    said = (model if model.is_file() else model / "config.json").stat()
    return " ".join(map(str, (said.st_size, said.st_mtime_ns, *more)))
