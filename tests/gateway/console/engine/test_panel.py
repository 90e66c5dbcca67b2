"""The engine's report in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.console.engine.panel import Memory, panel, readable_count
from governance.routing.table import RoutingTable
from inference.local.client import EngineModel, EngineReport
from tests.governance.routing.build import local, profile, table, target

MODEL = EngineModel(
    name="tiny",
    state="ready",
    progress=0.0,
    step="",
    reason="",
    pid=7,
    memory_bytes=500,
    active=0,
    queued=0,
    loaded_at=1_900_000_000.0,
    last_used_at=None,
    restarts=0,
    context_length=2048,
    parameters=134_515_008,
    size_bytes=270,
)


def row_model(state: Any) -> EngineModel:
    return replace(MODEL, name=state, state=state)


def row(**changes: Any) -> Any:
    report = EngineReport((replace(MODEL, **changes),), 1000, 500)
    return panel(report, RoutingTable()).rows[0]


def test_it_works() -> None:
    ready = row()
    assert (ready.label, ready.tone, ready.parameters) == ("Ready", "good", "135 M")
    assert ready.loaded_at == datetime.fromtimestamp(1_900_000_000, UTC)
    assert ready.progress_percent is None
    assert not ready.in_use


@pytest.mark.parametrize(
    ("state", "load", "unload"),
    [
        ("ready", False, True),
        ("loading", False, True),
        ("failed", True, True),
        ("not_loaded", True, False),
    ],
)
def test_each_state_offers_what_makes_sense(state: str, load: bool, unload: bool) -> None:
    shown = row(state=state)
    assert (shown.can_load, shown.can_unload) == (load, unload)


def test_progress_is_told_only_while_it_is_known() -> None:
    assert row(state="loading", progress=0.456).progress_percent == 46
    assert row(state="loading", progress=0.0).progress_percent is None
    assert row(state="ready", progress=1.0).progress_percent is None


def test_models_at_work_come_first() -> None:
    states = ("not_loaded", "failed", "ready", "loading")
    models = tuple(row_model(state) for state in states)
    shown = panel(EngineReport(models, 1000, 0), RoutingTable())
    assert [one.name for one in shown.rows] == ["loading", "ready", "failed", "not_loaded"]


def test_profiles_are_told_of_models_they_use() -> None:
    """By target, or as the default of the built-in engine; other providers' models do not count."""
    where = table(
        local("mlx"),
        local("other", kind="openai"),
        profile(target("MLX", "tiny"), virtual_provider="a"),
        profile(target("mlx", ""), virtual_provider="b"),
        profile(target("mlx", "big"), virtual_provider="c"),
        profile(target("other", "tiny"), virtual_provider="d"),
    )
    shown = panel(EngineReport((MODEL,), 1000, 500), where)
    assert shown.rows[0].used_by == ("Profile a", "Profile b")


@pytest.mark.parametrize(
    ("used", "budget", "percent", "tone"),
    [(0, 0, 0, "good"), (50, 100, 50, "good"), (80, 100, 80, "busy"), (120, 100, 100, "bad")],
)
def test_memory(used: int, budget: int, percent: int, tone: str) -> None:
    memory = Memory(used, budget)
    assert (memory.percent, memory.tone) == (percent, tone)


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (None, ""),
        (7, "7"),
        (61_000, "61 k"),
        (1_240_000, "1.2 M"),
        (8_030_261_248, "8.0 B"),
        (70_000_000_000, "70 B"),
    ],
)
def test_counts_are_short(count: int | None, text: str) -> None:
    assert readable_count(count) == text
