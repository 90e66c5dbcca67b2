"""Using models: requests wait here until theirs is loaded, operators load and unload."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from inference.local.engine.additions import Additions
from inference.local.engine.errors import EngineError, model_not_found, unavailable
from inference.local.engine.estimate import weights_bytes
from inference.local.engine.fleet import Fleet, readable_size
from inference.local.engine.slot import Slot
from inference.local.store.adding import ModelStore
from inference.local.store.catalog import Catalog
from inference.local.store.errors import CannotAdd
from inference.local.supervision import state
from inference.local.supervision.memory import MemoryVerdict
from inference.local.supervision.state import Phase
from inference.local.worker_client import WorkerClient


class WorkerSupervisor:
    """The models of one engine, by name."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.settings = fleet.settings
        self.catalog = Catalog(fleet.settings.models_dir)
        self.additions = Additions(
            fleet.settings.models_dir, fleet.settings.disk_budget_bytes, clock=fleet.clock
        )

    def slot(self, name: str) -> Slot:
        """The model of that name. Raises EngineError 404 naming the models there are."""
        slots = self.fleet.slots
        slot = slots.get(name)
        if slot is not None and slot.state.has_process:
            return slot
        folder = self.catalog.find(name)
        if folder is None:
            raise model_not_found(name, list(self.catalog.all()))
        if slot is None:
            estimate = self.settings.worker_base_bytes + weights_bytes(folder.path)
            slot = slots[name] = Slot(name, estimate)
        return slot

    # --- requests ----------------------------------------------------------------------------

    @contextmanager
    def lease(self, name: str) -> Iterator[Slot]:
        """While the block runs the model is in use: nothing evicts it.

        Raises EngineError 404.
        """
        slot = self.slot(name)
        slot.users += 1
        slot.last_used = self.fleet.clock()
        try:
            yield slot
        finally:
            slot.users -= 1
            slot.last_used = self.fleet.clock()
            self.fleet.changes.announce()

    async def ready(self, slot: Slot) -> WorkerClient:
        """Wait until the model is loaded, loading it when needed.

        All who wait share one load. Raises EngineError 503 when it fails, when a failed model may
        not be tried again yet, or when models in use leave no room for it; 429 when too many
        requests wait already.
        """
        if slot.waiting >= self.settings.max_waiting:
            message = f"{slot.waiting} requests wait for the model '{slot.name}' to load."
            raise EngineError(429, "queue_full", message, retry_after_s=2)
        slot.waiting += 1
        try:
            return await self._until_ready(slot)
        finally:
            slot.waiting -= 1

    async def _until_ready(self, slot: Slot) -> WorkerClient:
        fleet = self.fleet
        saw_load = False
        give_up_at = fleet.clock() + self.settings.timings.room_patience
        while True:
            phase = slot.state.phase
            if fleet.closing:
                raise unavailable("engine_stopping", "The local engine is shutting down.", 5)
            if phase is Phase.READY and slot.pool is not None:
                return slot.pool
            if phase is Phase.LOADING:
                saw_load = True
                await fleet.changes.wait()
            elif saw_load:
                raise self._load_ended(slot)
            elif phase is Phase.STOPPING:
                await fleet.changes.wait()
            else:
                await self._towards_loading(slot, give_up_at)

    def _load_ended(self, slot: Slot) -> EngineError:
        """Why the load that a request waited for did not make the model ready."""
        if slot.state.phase is Phase.FAILED:
            return self._failed(slot)
        message = f"The model '{slot.name}' was unloaded while the request waited for it."
        return unavailable("model_unloaded", message, 1)

    async def _towards_loading(self, slot: Slot, give_up_at: float) -> None:
        """Begin to load, or wait for what is in the way. Raises EngineError when that is vain."""
        fleet, now = self.fleet, self.fleet.clock()
        wait = slot.state.retry_at - now if slot.state.phase is Phase.FAILED else 0.0
        if wait > 0:
            if wait > self.settings.timings.restart_patience:
                raise self._failed(slot)
            await fleet.changes.wait(wait)
        elif blocked := self._make_room(slot):
            if now >= give_up_at:
                raise blocked
            await self._wait_for_room(slot, give_up_at - now)
        else:
            fleet.apply(slot, state.wanted(slot.state, now))

    def _make_room(self, slot: Slot) -> EngineError | None:
        """None when the model may be loaded now; otherwise what to answer if waiting is vain."""
        room = self.fleet.room(slot)
        if room.verdict is MemoryVerdict.FITS:
            return None
        if room.verdict is MemoryVerdict.TOO_LARGE:
            reason = self.fleet.too_large(slot.need_bytes)
            self.fleet.apply(slot, state.refused(slot.state, reason, self.fleet.clock()))
            raise self._failed(slot)
        if room.verdict is MemoryVerdict.EVICT:
            for name in room.names:
                self.fleet.stop(self.fleet.slots[name])
        budget = readable_size(self.settings.memory_budget_bytes)
        most = self.settings.max_loaded
        return unavailable(
            "no_room",
            f"The model '{slot.name}' needs about {readable_size(slot.need_bytes)}, but models in"
            f" use ({', '.join(room.names)}) leave no room for it within {budget}"
            f"{f' and {most} loaded models' if most else ''}. Try again in a few seconds.",
            5,
        )

    async def _wait_for_room(self, slot: Slot, timeout_s: float) -> None:
        slot.waiting_for_room += 1
        try:
            await self.fleet.changes.wait(timeout_s)
        finally:
            slot.waiting_for_room -= 1

    def _failed(self, slot: Slot) -> EngineError:
        seconds = slot.state.retry_at - self.fleet.clock()
        message = f"The model '{slot.name}' could not be loaded. {slot.state.reason}"
        return unavailable("model_failed", message, seconds)

    async def obituary(self, slot: Slot, pool: WorkerClient) -> str:
        """Why a connection to the model's worker broke off, as a sentence."""
        timings = self.settings.timings
        deadline = self.fleet.clock() + timings.obituary_patience
        # The socket closes a moment before the news of the process's end arrives.
        while slot.pool is pool and (left := deadline - self.fleet.clock()) > 0:
            await self.fleet.changes.wait(left)
        if slot.pool is pool:
            return f"The worker of the model '{slot.name}' broke off its answer."
        if slot.state.phase in (Phase.STOPPING, Phase.NOT_LOADED):
            return f"The model '{slot.name}' was unloaded while it was answering."
        return f"The model '{slot.name}' died while it was answering. {slot.last_end}"

    # --- operators ---------------------------------------------------------------------------

    def load(self, name: str) -> None:
        """Begin to load; what comes of it shows in the model's state. Raises EngineError 404."""
        slot = self.slot(name)
        if slot.state.phase is Phase.FAILED:
            self.fleet.stop(slot)  # an operator's order knows no backoff
        if slot.state.phase in (Phase.NOT_LOADED, Phase.STOPPING):
            self.fleet.background(self._load(slot))

    async def _load(self, slot: Slot) -> None:
        try:
            await self._until_ready(slot)
        except EngineError as error:
            if error.code == "no_room":
                now = self.fleet.clock()
                self.fleet.apply(slot, state.refused(slot.state, error.message, now))

    async def unload(self, name: str, *, force: bool = False) -> None:
        """End the model's process and wait for that.

        Raises EngineError 404, and 409 while requests use the model unless `force` is set.
        """
        slot = self.slot(name)
        if slot.users and not force:
            message = f"The model '{name}' is in use (requests: {slot.users})."
            raise EngineError(409, "model_in_use", message)
        self.fleet.stop(slot)
        while slot.state.phase is Phase.STOPPING:
            await self.fleet.changes.wait()

    async def remove(self, name: str, *, force: bool = False) -> None:
        """Unload the model and delete its files.

        Raises EngineError as `unload` does, and 409 when they cannot be deleted.
        """
        await self.unload(name, force=force)
        models_dir = self.settings.models_dir
        try:
            await asyncio.to_thread(ModelStore(models_dir, models_dir).remove, name)
        except CannotAdd as error:
            raise EngineError(409, "not_removed", str(error)) from error
        self.fleet.slots.pop(name, None)
