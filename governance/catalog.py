"""The list of models that ships with `genai-prices`: who sells them, prices, context lengths.

Nothing is fetched: the list is as new as the installed package. It takes half a second to load and
30 MB, so the collector alone reads it; web processes get what they need of it in a file.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec

from governance.kinds import kind_named

PACKAGE: Final = "genai-prices"
NAME: Final = "models.json"


class SoldModel(NamedTuple):
    """A model at a provider, as the list tells them apart."""

    kind: str
    base_url: str
    model: str


class ModelCatalog(msgspec.Struct, frozen=True):
    """What the collector tells web processes of the list."""

    release: str = ""
    """Of the package."""
    context_lengths: tuple[tuple[SoldModel, int], ...] = ()


def find(place: SoldModel) -> Any | None:
    """The list's entry of the model (`genai_prices.types.ModelInfo`), None where it has none."""
    from genai_prices.data_snapshot import get_snapshot

    known = get_snapshot()
    try:
        try:
            seller = known.find_provider(None, None, place.base_url)
        except LookupError:
            kind = kind_named(place.kind)
            if kind is None or not kind.price_seller:
                return None
            seller = known.find_provider(None, kind.price_seller, None)
        _, found = known.find_provider_model(place.model, seller, None, None)
    except LookupError:
        return None
    return found


def context_lengths(places: Iterable[SoldModel]) -> ModelCatalog:
    """Of the models whose context the list knows."""
    # Nobody else needs it, and it loads half of the mail library.
    from importlib.metadata import version

    found = []
    for place in places:
        entry = find(place)
        if entry is not None and entry.context_window:
            found.append((place, int(entry.context_window)))
    return ModelCatalog(version(PACKAGE), tuple(found))


class CatalogFile:
    """The file as a web process reads it: only when it is another."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mark: tuple[int, int] | None = None
        self.lengths: Mapping[tuple[str, str, str], int] = {}
        """By kind, base URL and model."""

    def refresh(self) -> bool:
        """Whether it says something else than before. What cannot be read says nothing."""
        try:
            said = os.stat(self._path)  # four times a second
        except OSError:
            return False
        mark = (said.st_mtime_ns, said.st_ino)
        if mark == self._mark:
            return False
        self._mark = mark
        before = self.lengths
        try:
            catalog = msgspec.json.decode(self._path.read_bytes(), type=ModelCatalog)
        except (OSError, msgspec.MsgspecError):
            return False
        self.lengths = dict(catalog.context_lengths)
        return self.lengths != before
