"""What the engine holds about one model while it runs."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec

from inference.local.engine.process import Listener, WorkerProcess
from inference.local.supervision.liveness import Liveness
from inference.local.supervision.memory import Resident
from inference.local.supervision.state import ModelState, Phase
from inference.local.worker_client import WorkerClient


@dataclass(frozen=True, slots=True)
class Worker:
    """A process and the way to talk to it."""

    process: WorkerProcess
    pool: WorkerClient


Prepare = Callable[[str, Listener], Worker]
"""A worker for the model of that name, not started yet."""


class WorkerHealth(msgspec.Struct, frozen=True):
    """A worker's answer to `GET /health`."""

    active: int = 0
    queued: int = 0
    steps: int = 0
    memory_bytes: int = 0
    mode: str = ""


@dataclass(slots=True, eq=False)
class Slot:
    """Mutable, and touched on the engine's event loop only.

    `users` counts the requests that wait for the model or are being answered by it, `waiting` the
    first kind alone. Times are seconds of the supervisor's clock.
    """

    name: str
    estimate_bytes: int
    """The memory a first load is expected to take; `need_bytes` knows better after it."""
    state: ModelState = field(default_factory=ModelState)
    users: int = 0
    waiting: int = 0
    waiting_for_room: int = 0
    last_used: float | None = None
    process: WorkerProcess | None = None
    pool: WorkerClient | None = None
    health: WorkerHealth = field(default_factory=WorkerHealth)
    liveness: Liveness = field(default_factory=lambda: Liveness(0.0, 0.0))
    heard_at: float = 0.0
    bytes_at: float = 0.0
    doom: str = ""
    """Why the engine itself kills the worker, when it does."""
    last_end: str = ""
    """How the last process ended, as a sentence."""
    next_health_at: float = 0.0

    @property
    def need_bytes(self) -> int:
        """The memory a load is expected to take."""
        if self.state.facts is not None:
            return self.state.facts.memory_bytes
        return self.estimate_bytes

    @property
    def resident(self) -> Resident | None:
        """None while the model has no process."""
        phase = self.state.phase
        if not self.state.has_process:
            return None
        return Resident(
            self.name,
            self.state.memory_bytes or self.need_bytes,
            last_used=max(self.last_used or 0.0, self.state.ready_at or 0.0),
            evictable=phase is Phase.READY and self.users == 0,
            leaving=phase is Phase.STOPPING,
        )


class Changes:
    """Something changed: everyone who waits looks again. Nothing is lost between two looks."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def announce(self) -> None:
        self._event.set()
        self._event = asyncio.Event()

    async def wait(self, timeout_s: float | None = None) -> None:
        """Until the next change, or until the time is over."""
        event = self._event
        try:
            async with asyncio.timeout(timeout_s):
                await event.wait()
        except TimeoutError:
            return
