"""Tells web processes what the list of models knows of those that are configured here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from gateway.collector import status
from governance.catalog import ModelCatalog, SoldModel, context_lengths
from governance.kinds import is_engine, kind_named
from governance.kinds.locality import is_loopback
from governance.load_table import Version, read_version
from governance.models import Provider, RoutingTarget

MOST: Final = 20_000
"""Models that are looked up."""


class CatalogWriter:
    """Writes the file anew when providers or targets have changed."""

    def __init__(self, path: Path, models: Path) -> None:
        """`models` is the directory of the engine's models."""
        self._path = path
        self._models = models
        self._seen: Version | None = None
        self._written: ModelCatalog | None = None

    def step(self) -> None:
        """Raises what the database raises; nothing is lost by it."""
        version = read_version()
        if self._seen is not None and _same(self._seen, version):
            return
        places = configured()
        self._seen = version
        # The list is not loaded where nobody who is configured could stand in it.
        catalog = context_lengths(places) if places else ModelCatalog()
        catalog = msgspec.structs.replace(
            catalog, context_lengths=(*catalog.context_lengths, *self._of_the_engine())
        )
        if catalog != self._written:
            status.replace(self._path, msgspec.json.encode(catalog))
            self._written = catalog

    def _of_the_engine(self) -> Iterator[tuple[SoldModel, int]]:
        """Context lengths of the engine's models, as their folders tell them."""
        models = self._models.resolve()
        for place in configured(engine=True):
            folder = (models / place.model).resolve()
            if folder.is_relative_to(models) and (length := context_of_folder(folder)):
                yield place, length


def context_of_folder(folder: Path) -> int | None:
    """Tokens, None where the folder of a model does not say, or is none."""
    try:
        config = msgspec.json.decode((folder / "config.json").read_bytes())
        found = (config.get("text_config") or config).get("max_position_embeddings")
    except (OSError, ValueError, AttributeError, msgspec.MsgspecError):
        return None
    return found if isinstance(found, int) and found > 0 else None


def _same(old: Version, new: Version) -> bool:
    """Whether neither providers nor targets have changed. A database that was brought back from a
    backup may have the same numbers, but it has another mark."""
    if old.version == new.version:
        return old.mark == new.mark
    return (old.providers, old.profiles) == (new.providers, new.profiles)


def configured(*, engine: bool = False) -> list[SoldModel]:
    """Every model at a provider that a seller may run, or else every one of the engine."""
    targets: dict[str, set[str]] = {}
    rows = RoutingTarget.objects.exclude(model="").values_list("provider", "model").distinct()
    for name, model in rows.order_by():
        targets.setdefault(name.casefold(), set()).add(model)
    found: dict[SoldModel, None] = {}
    for row in Provider.objects.only("name", "kind", "base_url", "default_model", "models"):
        if not (is_engine(row.kind) if engine else _sold(row)):
            continue
        models = {row.default_model, *row.models, *targets.get(row.name.casefold(), ())} - {""}
        found |= dict.fromkeys(SoldModel(row.kind, row.base_url, one) for one in sorted(models))
    return list(found)[:MOST]


def _sold(row: Provider) -> bool:
    kind = kind_named(row.kind)
    if kind is None or kind.engine or not row.base_url:
        return False
    return bool(kind.price_seller) or not is_loopback(row.base_url)
