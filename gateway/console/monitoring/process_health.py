"""What this process knows of its providers; no other process of the service knows it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from django.conf import settings

from gateway.console.monitoring.current_health import CurrentHealth, EngineState, ModelHealth
from gateway.server.health_book import book
from governance import snapshot
from governance.routing.table import RoutingTable
from inference.dispatch.health import HealthBook, slots
from inference.local.client import EngineClient, EngineRefused, EngineUnavailable

ENGINE_PATIENCE: Final = 0.5
"""Seconds."""


def current_health() -> Mapping[str, CurrentHealth]:
    """Every provider of the table in force, by casefolded name."""
    return health_of(book, snapshot.current(), time.monotonic())


def engine_state() -> EngineState:
    """Asks the local engine. One that hangs must not hold a page up."""
    try:
        report = EngineClient(settings.ENGINE_SOCKET, ENGINE_PATIENCE).models()
    except (EngineUnavailable, EngineRefused):
        return EngineState(runs=False)
    return EngineState(
        runs=True,
        models=frozenset(model.name for model in report.models),
        failed={model.name: model.reason for model in report.models if model.state == "failed"},
    )


def health_of(book: HealthBook, table: RoutingTable, now: float) -> Mapping[str, CurrentHealth]:
    """`now` is a moment of the book's clock."""
    models: dict[str, list[ModelHealth]] = {}
    for (provider, model), standing in sorted(book.statuses().items()):
        seconds = max(0.0, standing.until - now) if standing.state != "closed" else 0.0
        held = replace(
            standing,
            request_percent=standing.request_percent if now < standing.request_until else None,
            token_percent=standing.token_percent if now < standing.token_until else None,
        )
        models.setdefault(provider, []).append(ModelHealth(model, held, seconds))
    return {
        key: CurrentHealth(book.under_way(key), slots(provider), tuple(models.get(key, ())))
        for key, provider in table.providers.items()
    }
