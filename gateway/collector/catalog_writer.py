"""Tells web processes what the list of models knows of those that are configured here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from gateway.collector import status
from governance.catalog import ModelCatalog, SoldModel, context_lengths
from governance.kinds import is_engine, kind_named, runtime_of
from governance.kinds.locality import is_loopback
from governance.load_table import Version, read_version
from governance.models import Provider, RoutingTarget
from inference.local.store.catalog import Catalog, ModelFiles
from inference.local.store.facts import UnusableModel, read_facts

MOST: Final = 20_000
"""Models that are looked up."""


class CatalogWriter:
    """Writes the file anew when providers or targets have changed."""

    def __init__(self, path: Path, models: Path) -> None:
        """`models` is the directory of the engine's models."""
        self._path = path
        self._catalog = Catalog(models)
        self._files: tuple[object, ...] = ()
        self._seen: Version | None = None
        self._written: ModelCatalog | None = None

    def step(self) -> None:
        """Raises what the database raises; nothing is lost by it."""
        version = read_version()
        files = self._catalog.mark()
        if self._seen is not None and _same(self._seen, version) and files == self._files:
            return
        places = configured()
        self._seen, self._files = version, files
        # The list is not loaded where nobody who is configured could stand in it.
        catalog = context_lengths(places) if places else ModelCatalog()
        catalog = msgspec.structs.replace(
            catalog, context_lengths=(*catalog.context_lengths, *self._of_the_engine())
        )
        if catalog != self._written:
            status.replace(self._path, msgspec.json.encode(catalog))
            self._written = catalog

    def _of_the_engine(self) -> Iterator[tuple[SoldModel, int]]:
        """Context lengths of the engine's models, as their files tell them."""
        files = self._catalog.all()
        named = {(place.kind, place.base_url) for place in configured(engine=True)}
        for kind, base_url in sorted(named):
            for model in files.values():
                if model.runtime == runtime_of(kind) and (length := _context_of(model)):
                    yield SoldModel(kind, base_url, model.name), length


def _context_of(model: ModelFiles) -> int | None:
    try:
        return read_facts(model.path).context_length
    except UnusableModel:
        return None


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
