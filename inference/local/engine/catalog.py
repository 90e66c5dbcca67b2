"""The models there are: every folder under the models directory that holds a config.json."""

import os
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """`size_bytes` is the sum of its files, `created` seconds since the epoch."""

    name: str
    path: Path
    size_bytes: int
    created: int


class Catalog:
    """Reads the directory anew each time: a model copied there is usable at once."""

    def __init__(self, models_dir: Path) -> None:
        self._dir = models_dir

    def all(self) -> dict[str, ModelFolder]:
        """The models by name, in the order of their names; empty when there is no directory."""
        try:
            names = sorted(entry.name for entry in os.scandir(self._dir) if entry.is_dir())
        except OSError:
            return {}
        folders = (self.find(name) for name in names)
        return {folder.name: folder for folder in folders if folder}

    def find(self, name: str) -> ModelFolder | None:
        """None when there is no such model. A name is one path component and not hidden."""
        if not name or name.startswith(".") or "/" in name or "\0" in name:
            return None
        path = self._dir / name
        try:
            created = int((path / "config.json").stat().st_mtime)
            size = sum(item.stat().st_size for item in path.iterdir() if item.is_file())
        except OSError:
            return None
        return ModelFolder(name, path, size, created)
