"""Carries out what the state machine says: starts, hears, restarts, evicts and ends workers."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any

from inference.local.engine.messages import Failed, Loading, Message, Ready
from inference.local.engine.process import WorkerProcess
from inference.local.engine.settings import EngineSettings
from inference.local.engine.slot import Changes, Prepare, Slot, Worker
from inference.local.supervision import memory, state
from inference.local.supervision.liveness import Liveness
from inference.local.supervision.memory import MemoryVerdict
from inference.local.supervision.state import ModelState, Phase, WorkerFacts

logger = logging.getLogger("pointsman.engine")


class Fleet:
    """The workers of one engine. Every method belongs on its event loop."""

    def __init__(
        self,
        settings: EngineSettings,
        prepare: Prepare,
        *,
        rng: Random | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.slots: dict[str, Slot] = {}
        self.changes = Changes()
        self.closing = False
        self._prepare = prepare
        self._rng = rng or Random()  # noqa: S311 (jitter, not a secret)
        self._tasks: set[asyncio.Task[None]] = set()

    def apply(self, slot: Slot, after: ModelState) -> None:
        """Make `after` the model's state and do what the difference asks for."""
        before, slot.state = slot.state, after
        if before == after:
            return
        if before.phase is not after.phase or before.starts != after.starts:
            if after.reason:
                logger.warning("model %s: %s. %s", slot.name, after.phase.value, after.reason)
            else:
                logger.info("model %s: %s", slot.name, after.phase.value)
        if after.phase is not Phase.READY and slot.pool is not None:
            slot.pool.close()
            slot.pool = None
        if after.starts > before.starts:
            self.background(self._tend(slot))
        if after.phase is Phase.STOPPING and before.phase is not Phase.STOPPING:
            self._end(slot.process)
        if after.phase is Phase.FAILED and after.restarts_itself:
            self.background(self._restart_later(slot, after))
        self.changes.announce()

    def stop(self, slot: Slot) -> None:
        """Begin to unload the model; a failure is forgotten."""
        self.apply(slot, state.begin_stop(slot.state))

    def doom(self, slot: Slot, reason: str) -> None:
        """Kill a worker that no longer works; what follows is what follows any death."""
        if slot.process is not None:
            slot.doom = reason
            slot.process.kill()

    async def close(self) -> None:
        """End every worker and everything that waits for one."""
        self.closing = True
        for slot in self.slots.values():
            self.stop(slot)
        self.changes.announce()
        while any(slot.state.has_process for slot in self.slots.values()):
            await self.changes.wait()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def background(self, work: Coroutine[Any, Any, None]) -> None:
        """Run beside everything else; the task is kept until it is done."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # --- one process -------------------------------------------------------------------------

    async def _tend(self, slot: Slot) -> None:
        """One process from its start to its end."""

        def hear(message: Message) -> None:
            self._hear(slot, worker, message)

        slot.doom = ""
        slot.heard_at = self.clock()
        worker = self._prepare(slot.name, hear)
        try:
            await worker.process.start()
        except OSError as error:
            reason = f"The worker could not be started: {error.strerror or error}."
            stated = True
        else:
            slot.process = worker.process
            if slot.state.phase is Phase.STOPPING:
                self._end(worker.process)
            reason = await worker.process.wait()
            stated = worker.process.stated_reason is not None
            worker.pool.close()
            slot.process = None
        slot.last_end = slot.doom or reason
        policy = self.settings.restarts
        after = state.ended(slot.state, slot.last_end, stated, self.clock(), policy, self._rng)
        self.apply(slot, after)

    def _hear(self, slot: Slot, worker: Worker, message: Message) -> None:
        slot.heard_at = self.clock()
        match message:
            case Loading():
                self.apply(slot, state.advanced(slot.state, message.progress, message.step))
            case Ready() if message.memory_bytes > self.settings.memory_budget_bytes:
                worker.process.stated_reason = self.too_large(message.memory_bytes)
                self._end(worker.process)
            case Ready():
                self._became_ready(slot, worker, message)
            case Failed():
                # It says so and then exits; should it hang instead, it is helped.
                self._end(worker.process)

    def _became_ready(self, slot: Slot, worker: Worker, message: Ready) -> None:
        now = self.clock()
        facts = WorkerFacts(message.memory_bytes, message.parameters, message.context_length)
        slot.pool = worker.pool
        slot.liveness = Liveness(answered_at=now, moved_at=now)
        slot.next_health_at = now + self.settings.timings.health_every
        self.apply(slot, state.became_ready(slot.state, facts, now))
        self.trim()

    def _end(self, process: WorkerProcess | None) -> None:
        if process is not None:
            self.background(process.end(self.settings.timings.term_grace))

    async def _restart_later(self, slot: Slot, failed: ModelState) -> None:
        await asyncio.sleep(max(0.0, failed.retry_at - self.clock()))
        # Nothing is evicted for a restart nobody waits for; the next request will load it.
        if slot.state is failed and self.room(slot).verdict is MemoryVerdict.FITS:
            self.apply(slot, state.restart_due(failed, max(self.clock(), failed.retry_at)))

    # --- memory ------------------------------------------------------------------------------

    def residents(self) -> list[memory.Resident]:
        return [resident for slot in self.slots.values() if (resident := slot.resident)]

    def room(self, slot: Slot) -> memory.Room:
        """Is there room for the model beside the others?"""
        others = [resident for resident in self.residents() if resident.name != slot.name]
        budget, most = self.settings.memory_budget_bytes, self.settings.max_loaded
        return memory.find_room(slot.need_bytes, others, budget, most)

    def too_large(self, need_bytes: int) -> str:
        budget = readable_size(self.settings.memory_budget_bytes)
        return f"It needs about {readable_size(need_bytes)}, and the memory budget is {budget}."

    def trim(self) -> None:
        """Unload idle models when those loaded have outgrown the budget."""
        for name in memory.find_excess(self.residents(), self.settings.memory_budget_bytes):
            self.stop(self.slots[name])


def readable_size(size_bytes: int) -> str:
    mib = size_bytes / 1024**2
    return f"{mib / 1024:.1f} GiB" if mib >= 1024 else f"{mib:.1f} MiB"
