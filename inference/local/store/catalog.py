"""The models there are: folders with a config.json (MLX), and GGUF files (llama.cpp)."""

import glob
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from inference.local.runtime_names import LLAMA_CPP, MLX
from inference.local.store.projector import is_projector, projector_of

_FIRST_PART: Final = re.compile(r"-00001-of-(\d{5})$")
_LATER_PART: Final = re.compile(r"-(?!00001)\d{5}-of-\d{5}$")


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

    def mark(self) -> tuple[object, ...]:
        """Another one when models have come, gone or changed."""
        return tuple((model.name, model.size_bytes, model.created) for model in self.all().values())

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
    """The model's name for a GGUF file; other files have none, nor have the later parts of one
    that was split, nor projectors for images, which lie beside their model."""
    stem, dot, end = file_name.rpartition(".")
    aside = is_projector(file_name) or _LATER_PART.search(stem)
    return stem if dot and end.lower() == "gguf" and not aside else ""


def _mlx(name: str, path: Path) -> ModelFiles | None:
    config = path / "config.json"
    if not config.exists():
        return None
    size = sum(item.stat().st_size for item in path.iterdir() if item.is_file())
    return ModelFiles(name, path, size, int(config.stat().st_mtime), MLX)


def _gguf(name: str, path: Path) -> ModelFiles | None:
    files = [path.with_name(f"{name}.gguf"), path.with_name(f"{name}.GGUF")]
    files = [file for file in files if not is_projector(file.name)]
    if path.is_dir():
        files += [item for item in sorted(path.iterdir()) if _stem(item.name)][:1]
    for file in files:
        if file.is_file():
            size = sum(part.stat().st_size for part in belonging_to(file))
            return ModelFiles(name, file, size, int(file.stat().st_mtime), LLAMA_CPP)
    return None


def belonging_to(file: Path) -> list[Path]:
    """All files of a GGUF model: its parts, and its projector where it has one."""
    projector = projector_of(file)
    return parts(file) + ([projector] if projector else [])


def parts(file: Path) -> list[Path]:
    """The file, with the later parts of it where it was split."""
    first = _FIRST_PART.search(file.stem)
    if first is None:
        return [file]
    beginning = file.stem[: first.start()]
    return sorted(file.parent.glob(f"{glob.escape(beginning)}-*-of-{first[1]}.gguf"))
