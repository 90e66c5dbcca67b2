"""Which files of a folder, an archive or a repository a model consists of."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from inference.local.gguf_header import read_header
from inference.local.store.errors import CannotAdd
from inference.local.store.projector import chosen, is_projector

_BESIDE: Final = (".json", ".jinja", ".model", ".txt", ".tiktoken")
"""Endings of what belongs to weights: tokenizer, template, configuration. Never code."""


@dataclass(frozen=True, slots=True)
class Member:
    """One file of a model, wherever it lies. `path` is set for files of this machine."""

    name: str
    size_bytes: int
    open: Callable[[], Any]
    path: Path | None = None

    @property
    def stem(self) -> str:
        return PurePosixPath(self.name).stem

    def linked_to(self, target: Path) -> bool:
        """Whether it could be given a second name, which takes up no room."""
        if self.path is None:
            return False
        try:
            os.link(self.path.resolve(), target)
        except OSError:
            return False
        return True


def belonging(names: Iterable[str], wanted: str = "") -> list[str]:
    """Of the names of files in one place, those that make a model. Raises CannotAdd.

    A GGUF file is whole in itself, but for a projector in the same place; of several, one has to be
    `wanted`. Else it is a folder with a config.json and safetensors.
    """
    names = list(names)
    ggufs = [name for name in names if _is_gguf(name)]
    if wanted:
        found = [name for name in ggufs if name == wanted or PurePosixPath(name).name == wanted]
        if not found:
            raise CannotAdd(f"There is no {wanted}. {_there(ggufs)}")
        return _with_projector(_parts(found[0], ggufs), names)
    weights = [name for name in names if name.endswith(".safetensors") and "/" not in name]
    if weights and "config.json" in names:
        beside = [name for name in names if name.endswith(_BESIDE) and "/" not in name]
        return sorted({*weights, *beside})
    firsts = [name for name in ggufs if _parts(name, ggufs)[0] == name]
    if len(firsts) == 1:
        return _with_projector(_parts(firsts[0], ggufs), names)
    if firsts:
        raise CannotAdd(f"It has several GGUF files: name one of them. {_there(firsts)}")
    raise CannotAdd(
        "It is no model that can be served: it has neither a GGUF file nor a config.json with "
        "safetensors."
    )


def _is_gguf(name: str) -> bool:
    return name.lower().endswith(".gguf") and not is_projector(name)


def _with_projector(model: list[str], names: Sequence[str]) -> list[str]:
    folder = PurePosixPath(model[0]).parent
    found = chosen([name for name in names if PurePosixPath(name).parent == folder])
    return [*model, found] if found else model


def _there(names: Sequence[str]) -> str:
    shown = ", ".join(sorted(names)[:20]) or "none"
    return f"Those there are: {shown}{' ...' if len(names) > 20 else ''}."


def _parts(name: str, others: Sequence[str]) -> list[str]:
    """All parts of a file that was split, which are named `-00001-of-00003`; else itself."""
    stem, dash, last = name[: -len(".gguf")].rpartition("-of-")
    if not (dash and last.isdigit() and stem[-5:].isdigit()):
        return [name]
    return sorted(
        other for other in others if other.startswith(stem[:-5]) and f"-of-{last}." in other
    )


def of_disk(place: Path, projector: Path | None = None) -> list[Member]:
    """A folder's, or a GGUF file's with its `projector`. Raises CannotAdd."""
    if projector is not None:
        model = [one for one in of_disk(place) if not is_projector(one.name)]
        return [*model, *_projecting(projector)]
    if place.is_file():
        if not place.name.lower().endswith(".gguf"):
            raise CannotAdd(f"{place.name} is no GGUF file: its name must end in .gguf.")
        return [_file(place)]
    if not place.is_dir():
        raise CannotAdd(f"There is nothing at {place}.")
    names = [item.name for item in sorted(place.iterdir()) if item.is_file()]
    return [_file(place / name) for name in belonging(names)]


def _projecting(path: Path) -> list[Member]:
    """A projector under a name that says what it is. Raises CannotAdd."""
    try:
        architecture = read_header(path).metadata["general.architecture"]
    except (OSError, ValueError) as error:
        raise CannotAdd(f"{path.name} is no GGUF file that can be read.") from error
    if architecture != "clip":
        raise CannotAdd(
            f"{path.name} is no projector: its architecture is {architecture}, and that of "
            "projectors is clip."
        )
    name = path.name if is_projector(path.name) else f"mmproj-{path.name}"
    return [Member(name, path.stat().st_size, lambda: path.open("rb"), path)]


def _file(path: Path) -> Member:
    return Member(path.name, path.stat().st_size, lambda: path.open("rb"), path)


def of_archive(archive: zipfile.ZipFile, wanted: str = "") -> list[Member]:
    """Of a wheel, which is only read: nothing in it is run. Raises CannotAdd."""
    sizes = {item.filename: item.file_size for item in archive.infolist() if not item.is_dir()}
    folders: dict[str, list[str]] = {}
    for name in sizes:
        folder, _, own = name.rpartition("/")
        folders.setdefault(folder, []).append(own)
    models = {
        folder: own
        for folder, own in folders.items()
        if any(_is_gguf(name) for name in own)
        or ("config.json" in own and any(name.endswith(".safetensors") for name in own))
    }
    if wanted:
        models = {folder: own for folder, own in models.items() if wanted in own}
    if len(models) > 1:
        every = [f"{place}/{name}" for place, names in models.items() for name in names]
        raise CannotAdd(f"The package holds several models: name a file. {_there(every)}")
    folder = next(iter(models), "")
    chosen = belonging(models.get(folder, ()), wanted)
    return [_archived(archive, f"{folder}/{name}".lstrip("/"), sizes) for name in chosen]


def _archived(archive: zipfile.ZipFile, name: str, sizes: dict[str, int]) -> Member:
    return Member(PurePosixPath(name).name, sizes[name], lambda: archive.open(name))
