"""The engine's report in the words of the page. Plain values, no IO."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from gateway.console.monitoring.attention import Attention
from gateway.local_models import WRITES_TEXT
from governance import kinds
from governance.routing.table import RoutingTable
from inference.local.client import EngineModel, EngineReport, ModelAddition

BADGES: Final = {
    "ready": (gettext_lazy("Ready"), "good"),
    "loading": (gettext_lazy("Loading"), "busy"),
    "failed": (gettext_lazy("Failed"), "bad"),
    "not_loaded": (gettext_lazy("Not loaded"), "quiet"),
}
"""Label and tone of each state."""
SERVES: Final = {
    "chat": gettext_lazy("Chat"),
    "completions": gettext_lazy("Completions, without a chat template"),
    "embeddings": gettext_lazy("Embeddings"),
    "rerank": gettext_lazy("Reranking"),
}


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model. Sizes in bytes."""

    name: str
    state: str
    label: str | Promise
    tone: str
    progress_percent: int | None
    """None unless it is loading and says how far it is."""
    step: str
    reason: str
    memory_bytes: int
    size_bytes: int
    """Of its files on the disk."""
    active: int
    queued: int
    restarts: int
    pid: int | None
    parameters: str
    context_length: int | None
    loaded_at: datetime | None
    last_used_at: datetime | None
    used_by: tuple[str, ...]
    """Names of routing profiles with a target that asks for it."""
    can_load: bool
    can_unload: bool
    quantization: str = ""
    serves: str = ""
    capabilities: tuple[str, ...] = ()
    on_disk: bool = True
    is_default: bool = False
    """Whether a provider is asked for it where no model is named."""

    can_be_default: bool = False

    @property
    def in_use(self) -> bool:
        return bool(self.active or self.queued)


@dataclass(frozen=True, slots=True)
class Memory:
    """The budget for loaded models. Bytes."""

    used: int
    budget: int

    @property
    def percent(self) -> int:
        return min(100, round(100 * self.used / self.budget)) if self.budget else 0

    @property
    def tone(self) -> str:
        return "bad" if self.percent >= 95 else "busy" if self.percent >= 80 else "good"


@dataclass(frozen=True, slots=True)
class AddedRow:
    """A model on its way into the folder, or how that ended."""

    source: str
    words: str
    label: str | Promise
    tone: str
    percent: int | None = None


@dataclass(frozen=True, slots=True)
class EnginePanel:
    rows: tuple[ModelRow, ...]
    memory: Memory
    additions: tuple[AddedRow, ...] = ()


def panel(report: EngineReport, table: RoutingTable) -> EnginePanel:
    """Models that are there, those at work first."""
    users = _users(table)
    defaults = {one.default_model for one in table.providers.values() if kinds.is_engine(one.kind)}
    rows = [
        _row(model, users.get(model.name, ()), model.name in defaults) for model in report.models
    ]
    order = ("loading", "ready", "failed", "not_loaded")
    rows.sort(key=lambda row: (order.index(row.state), row.name))
    memory = Memory(report.memory_used_bytes, report.memory_budget_bytes)
    return EnginePanel(tuple(rows), memory, tuple(map(_added, report.additions)))


def _added(one: ModelAddition) -> AddedRow:
    percent = None if one.progress is None else round(100 * one.progress)
    if one.error:
        return AddedRow(one.source, one.error, gettext("Not added"), "bad")
    if one.ended:
        return AddedRow(one.source, one.name, gettext("Added"), "good")
    return AddedRow(one.source, one.step, gettext("Being added"), "busy", percent)


def engine_attention(report: EngineReport | None) -> list[Attention]:
    """What is wrong with the engine; None stands for one that does not answer."""
    if report is None:
        detail = gettext("Requests to local models fail or go elsewhere. Its page says what to do.")
        return [
            Attention(
                "bad", "engine_down", gettext("The local engine does not run"), detail, "engine"
            )
        ]
    return [
        Attention(
            "warn",
            "model_failed",
            gettext("%(name)s failed") % {"name": model.name},
            model.reason,
            "engine",
            model.name,
        )
        for model in report.models
        if model.state == "failed"
    ]


def _row(model: EngineModel, used_by: tuple[str, ...], is_default: bool) -> ModelRow:
    label, tone = BADGES[model.state]
    loading = model.state == "loading"
    return ModelRow(
        name=model.name,
        state=model.state,
        label=label,
        tone=tone,
        progress_percent=round(100 * model.progress) if loading and model.progress else None,
        step=model.step,
        reason=model.reason,
        memory_bytes=model.memory_bytes,
        size_bytes=model.size_bytes,
        active=model.active,
        queued=model.queued,
        restarts=model.restarts,
        pid=model.pid,
        parameters=readable_count(model.parameters),
        context_length=model.context_length,
        loaded_at=_moment(model.loaded_at),
        last_used_at=_moment(model.last_used_at),
        used_by=used_by,
        can_load=model.state in ("not_loaded", "failed"),
        can_unload=model.state in ("loading", "ready", "failed"),
        quantization=model.quantization,
        serves=str(SERVES.get(model.serves, model.serves)),
        capabilities=tuple(one for one in model.capabilities if one != "text"),
        on_disk=bool(model.runtime),
        is_default=is_default,
        can_be_default=bool(model.runtime) and not is_default and model.serves in WRITES_TEXT,
    )


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _users(table: RoutingTable) -> Mapping[str, tuple[str, ...]]:
    """Profiles by the model they ask the built-in engine for."""
    engines = {key for key, one in table.providers.items() if kinds.is_engine(one.kind)}
    found: dict[str, dict[str, None]] = {}
    for profile in table.profiles.values():
        for target in profile.targets:
            provider = table.providers.get(target.provider.casefold())
            if provider is None or target.provider.casefold() not in engines:
                continue
            found.setdefault(target.model or provider.default_model, {})[profile.name] = None
    return {model: tuple(names) for model, names in found.items()}


def readable_count(count: int | None) -> str:
    """`135 M` for 134,515,008; empty when unknown."""
    if count is None:
        return ""
    for size, unit in ((10**9, "B"), (10**6, "M"), (10**3, "k")):
        if count >= size:
            value = count / size
            return f"{value:.1f} {unit}" if value < 10 else f"{value:.0f} {unit}"
    return str(count)
