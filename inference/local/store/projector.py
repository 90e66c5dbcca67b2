"""The projector of a GGUF model: the file beside it that turns images into what the model reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Final

_WORD: Final = "mmproj"
"""What llama.cpp's converter calls such files, and everybody after it."""


def is_projector(name: str) -> bool:
    """Whether a file is one, by its name or path."""
    own = PurePosixPath(name).name.lower()
    return _WORD in own and own.endswith(".gguf")


def projector_of(model: Path) -> Path | None:
    """The one named after the model, as `mmproj-NAME.gguf`; else the folder's, if the folder has
    no other model."""
    named = model.with_name(f"{_WORD}-{model.name}")
    if named.is_file():
        return named
    try:
        names = [item.name for item in model.parent.iterdir() if not item.name.startswith(".")]
    except OSError:
        return None
    ggufs = [name for name in names if name.lower().endswith(".gguf")]
    beginning = model.stem.partition("-00001-of-")[0]
    if any(not (is_projector(name) or name.startswith(beginning)) for name in ggufs):
        return None
    found = chosen(ggufs)
    return model.with_name(found) if found else None


def chosen(names: Sequence[str]) -> str | None:
    """Of several, which are one and the same in different precisions, the one in 16 bits."""

    def rank(name: str) -> tuple[bool, str]:
        own = name.lower()
        return "f16" not in own or "bf16" in own, name

    return min(filter(is_projector, names), key=rank, default=None)
