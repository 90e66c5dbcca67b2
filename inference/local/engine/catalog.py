"""The models there are: folders with a config.json (MLX), and GGUF files (llama.cpp)."""

import os
from dataclasses import dataclass
from pathlib import Path

from inference.local.runtimes import LLAMA_CPP, MLX


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """`path` is a folder or a GGUF file; `size_bytes` is the sum of its files, `created` seconds
    since the epoch."""

    name: str
    path: Path
    size_bytes: int
    created: int
    runtime: str


class Catalog:
    """Reads the directory anew each time: a model copied there is usable at once."""

    def __init__(self, models_dir: Path) -> None:
        self._dir = models_dir

    def all(self) -> dict[str, ModelFiles]:
        """The models by name, in the order of their names; empty when there is no directory."""
        try:
            entries = list(os.scandir(self._dir))
        except OSError:
            return {}
        names = {entry.name if entry.is_dir() else _stem(entry.name) for entry in entries}
        found = (self.find(name) for name in sorted(names))
        return {model.name: model for model in found if model}

    def by_runtime(self) -> dict[str, list[str]]:
        """Names of models by the runtime that serves them."""
        found: dict[str, list[str]] = {}
        for model in self.all().values():
            found.setdefault(model.runtime, []).append(model.name)
        return found

    def find(self, name: str) -> ModelFiles | None:
        """None when there is no such model. A name is one path component and not hidden.

        `NAME.gguf` and a folder with one GGUF file are models of that name; an MLX folder of the
        same name goes first.
        """
        if not name or name.startswith(".") or "/" in name or "\0" in name:
            return None
        path = self._dir / name
        try:
            return _mlx(name, path) or _gguf(name, path)
        except OSError:
            return None


def _stem(file_name: str) -> str:
    """The model's name for a GGUF file; other files have none."""
    stem, dot, end = file_name.rpartition(".")
    return stem if dot and end.lower() == "gguf" else ""


def _mlx(name: str, path: Path) -> ModelFiles | None:
    config = path / "config.json"
    if not config.exists():
        return None
    size = sum(item.stat().st_size for item in path.iterdir() if item.is_file())
    return ModelFiles(name, path, size, int(config.stat().st_mtime), MLX)


def _gguf(name: str, path: Path) -> ModelFiles | None:
    files = [path.with_name(f"{name}.gguf"), path.with_name(f"{name}.GGUF")]
    if path.is_dir():
        inside = [item for item in sorted(path.iterdir()) if _stem(item.name)]
        # A projector for images lies beside its model.
        files += [item for item in inside if not item.name.startswith("mmproj")][:1]
    for file in files:
        if file.is_file():
            stat = file.stat()
            return ModelFiles(name, file, stat.st_size, int(stat.st_mtime), LLAMA_CPP)
    return None
