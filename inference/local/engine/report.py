"""The engine's account of itself, as `GET /engine/models`, `/v1/models` and `/health` give it."""

import asyncio
import time
from typing import Any

from inference.local.engine.housekeeping import ask_health
from inference.local.engine.slot import Slot
from inference.local.engine.supervisor import WorkerSupervisor
from inference.local.store.catalog import ModelFiles
from inference.local.store.facts import FileFacts, UnusableModel, read_facts
from inference.local.supervision.state import ModelState, Phase

_FRESH_S = 0.5


async def engine_models(supervisor: WorkerSupervisor) -> dict[str, Any]:
    """Every model there is or that still has a process; queue lengths asked for just now."""
    fleet = supervisor.fleet
    await asyncio.gather(*(ask_health(fleet, slot, _FRESH_S) for slot in fleet.slots.values()))
    folders = supervisor.catalog.all()
    running = {name for name, slot in fleet.slots.items() if slot.state.has_process}
    # Seconds of the monotonic clock become seconds since the epoch.
    epoch = time.time() - fleet.clock()
    return {
        "models": [
            _model(name, folders.get(name), fleet.slots.get(name), epoch)
            for name in sorted(folders.keys() | running)
        ],
        "additions": supervisor.additions.told(),
        "memory_budget_bytes": fleet.settings.memory_budget_bytes,
        "memory_used_bytes": sum(resident.size_bytes for resident in fleet.residents()),
    }


def openai_models(supervisor: WorkerSupervisor) -> dict[str, Any]:
    """The list in OpenAI's form."""
    return {
        "object": "list",
        "data": [
            {
                "id": folder.name,
                "object": "model",
                "created": folder.created,
                "owned_by": folder.runtime,
            }
            for folder in supervisor.catalog.all().values()
        ],
    }


def health(supervisor: WorkerSupervisor) -> dict[str, Any]:
    slots = supervisor.fleet.slots.values()
    return {
        "status": "ok",
        "ready": sum(slot.state.phase is Phase.READY for slot in slots),
        "active": sum(slot.users - slot.waiting for slot in slots),
        "waiting": sum(slot.waiting for slot in slots),
    }


def _model(name: str, folder: ModelFiles | None, slot: Slot | None, epoch: float) -> dict[str, Any]:
    state = slot.state if slot else ModelState()
    phase, progress, step = _shown(slot, state)
    ready = state.phase is Phase.READY
    queued = slot.health.queued if slot and ready else 0
    answering = slot.users - slot.waiting if slot else 0
    last_used = slot.last_used if slot else None
    facts, said = state.facts, _file_facts(folder)
    return {
        "name": name,
        "state": phase,
        "progress": progress,
        "step": step,
        "reason": state.reason,
        "pid": slot.process.pid if slot and slot.process else None,
        "memory_bytes": state.memory_bytes,
        "active": max(0, answering - queued),
        "queued": queued + (slot.waiting if slot else 0),
        "loaded_at": None if state.ready_at is None else epoch + state.ready_at,
        "last_used_at": None if last_used is None else epoch + last_used,
        "restarts": state.restarts,
        "context_length": (facts and facts.context_length) or said.context_length,
        "parameters": (facts and facts.parameters) or said.parameters,
        "size_bytes": folder.size_bytes if folder else 0,
        "runtime": folder.runtime if folder else "",
        "quantization": said.quantization,
        "architecture": said.architecture,
        "serves": said.serves,
        "capabilities": said.capabilities,
    }


def _file_facts(folder: ModelFiles | None) -> FileFacts:
    """What the files say before they are loaded; nothing where they cannot be read."""
    if folder is None:
        return FileFacts()
    try:
        return read_facts(folder.path)
    except UnusableModel:
        return FileFacts()


def _shown(slot: Slot | None, state: ModelState) -> tuple[str, float, str]:
    """State, progress and step for the outside, which knows four states and not our five."""
    if state.phase is Phase.STOPPING:
        return "not_loaded", 0.0, "unloading"
    if slot and slot.waiting_for_room and state.phase is Phase.NOT_LOADED:
        return "loading", 0.0, "waiting for memory"
    return state.phase.value, state.progress, state.step
