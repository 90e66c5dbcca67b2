"""What this process knows of its providers, for pages of the room below."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from django.conf import settings

from governance import snapshot
from governance.insight.live import Engine, Live, LiveModel
from governance.routing.table import RoutingTable
from inference.health import HealthBook, slots
from inference.local.client import EngineClient, EngineRefused, EngineUnavailable

ENGINE_PATIENCE: Final = 0.5
"""Seconds."""


def read() -> Mapping[str, Live]:
    """Every provider of the table in force."""
    # The chat API's paths read the settings when they are loaded, later than this module is.
    from gateway.v1 import book

    return health_of(book, snapshot.current(), time.monotonic())


def read_engine() -> Engine:
    """A hanging engine must not hold a page up."""
    try:
        report = EngineClient(settings.ENGINE_SOCKET, ENGINE_PATIENCE).models()
    except (EngineUnavailable, EngineRefused):
        return Engine(runs=False)
    return Engine(
        runs=True,
        models=frozenset(model.name for model in report.models),
        failed={model.name: model.reason for model in report.models if model.state == "failed"},
    )


def health_of(book: HealthBook, table: RoutingTable, now: float) -> Mapping[str, Live]:
    """`now` is a moment of the book's clock."""
    models: dict[str, list[LiveModel]] = {}
    for (provider, model), standing in sorted(book.standings().items()):
        seconds = max(0.0, standing.until - now) if standing.state != "closed" else 0.0
        models.setdefault(provider, []).append(LiveModel(model, standing, seconds))
    return {
        key: Live(book.under_way(key), slots(provider), tuple(models.get(key, ())))
        for key, provider in table.providers.items()
    }
