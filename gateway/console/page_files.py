"""Scripts, styles and pictures lie beside the page they belong to and are served from there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path, PurePath
from typing import Any, Final

from django.contrib.staticfiles.finders import FileSystemFinder
from django.core.files.storage import FileSystemStorage

ROOT: Final = str(Path(__file__).resolve().parent)
PREFIX: Final = "console"
SERVED: Final = frozenset({".css", ".js", ".svg"})
"""Nothing else of a page's folder is anybody's business: neither its code nor its templates."""


class PageFiles(FileSystemFinder):
    """Finds `console/engine/engine.css` in `gateway/console/engine/engine.css`."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        storage = FileSystemStorage(location=ROOT)
        storage.prefix = PREFIX  # type: ignore[attr-defined]  # as the class above hands it on
        self.locations = [(PREFIX, ROOT)]
        self.storages = {ROOT: storage}

    def check(self, **named: Any) -> list[Any]:
        """Nothing: there is no setting that could be wrong."""
        return []

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[Any]:
        for path, storage in super().list(ignore_patterns):
            if _served(path):
                yield path, storage

    def find_location(self, root: str, path: str, prefix: str | None = None) -> str | None:
        return super().find_location(root, path, prefix) if _served(path) else None


def _served(path: str) -> bool:
    return PurePath(path).suffix in SERVED
