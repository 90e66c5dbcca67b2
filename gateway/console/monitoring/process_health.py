"""What this process knows of its providers, from the other processes and nodes too."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Final

from django.conf import settings

from gateway.console.monitoring.current_health import (
    CurrentHealth,
    EngineState,
    ModelHealth,
    NodeOutlook,
)
from gateway.server.health_book import book
from governance import snapshot
from governance.routing.breaker import HealthStatus
from governance.routing.table import RoutingTable
from inference.dispatch.health import HealthBook, slots
from inference.local.client import EngineClient, EngineRefused, EngineUnavailable

ENGINE_PATIENCE: Final = 0.5
"""Seconds."""
HEARD_SECONDS: Final = 10.0
"""After how long without a word from the collector the processes are taken to be on their own."""
MOST_MODELS: Final = 100
"""Of one provider that are told."""


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
    statuses = book.statuses()
    known = {key: HealthStatus() for key in book.speeds.known()} | statuses
    for (provider, model), standing in sorted(known.items()):
        seconds = max(0.0, standing.until - now) if standing.state != "closed" else 0.0
        held = standing._replace(
            request_percent=standing.request_percent if now < standing.request_until else None,
            token_percent=standing.token_percent if now < standing.token_until else None,
        )
        if len(models.setdefault(provider, [])) < MOST_MODELS:
            speed = book.speeds.of(provider, model)
            first = 0.0 if speed is None else speed.first
            models[provider].append(ModelHealth(model, held, seconds, first))
    others = book.others
    alive = 0 <= now - others.heard_at < HEARD_SECONDS
    return {
        key: CurrentHealth(
            book.load(key, ""),
            slots(provider),
            tuple(models.get(key, ())),
            others.processes + 1 if alive else 0,
            tuple(
                NodeOutlook(
                    one.node,
                    one.model,
                    one.state,
                    max(0.0, one.until - now),
                    one.under_way,
                    one.first,
                )
                for one in others.afar
                if one.provider == key
            ),
        )
        for key, provider in table.providers.items()
    }
