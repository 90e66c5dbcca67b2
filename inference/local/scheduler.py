"""Who is generated for and when: a bounded backlog in front of a generator, on one thread.

MLX binds its streams to the thread that made them, so that thread does everything with MLX: it
loads, starts, steps, cancels and closes. Other threads only submit jobs and cancel them.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from inference.local.answer import Answer, Delta, Finish
from inference.local.backlog import AGEING_SECONDS, Backlog, retry_after
from inference.local.generators import Drawn, Generator, Work

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failure:
    """Generation broke. `retryable`: nothing was sent yet, the same request may be tried again."""

    message: str
    retryable: bool


Event = Delta | Finish | Failure


class BacklogFull(Exception):
    """No place to wait; try again after `retry_after` whole seconds."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"try again in {seconds} s")
        self.retry_after = seconds


@dataclass(eq=False)
class Job:
    """One request on its way. `sink` gets its events on the scheduler's thread, Finish or Failure
    last; after `cancel` it gets none."""

    work: Work
    answer: Answer
    rank: int
    sink: Callable[[Event], None]
    cancelled: bool = False
    sent: bool = False
    started_at: float = 0.0


@dataclass(frozen=True)
class Stats:
    """Numbers of this moment; `steps` counts the generator's steps since the start."""

    active: int = 0
    queued: int = 0
    steps: int = 0
    mode: str = "direct"
    memory_bytes: int = 0


@dataclass
class Modes:
    """How to build a generator: batched if wanted, with direct to fall back on."""

    direct: Callable[[], Generator]
    batched: Callable[[], Generator] | None = None
    check: Callable[[Generator], None] = field(default=lambda generator: None)
    """Proves that a new generator works, or raises."""

    def build(self) -> tuple[Generator, str]:
        """A generator that passed `check`, and its mode. Raises what the direct one raises."""
        if self.batched is not None:
            try:
                generator = self.batched()
                self.check(generator)
            except Exception as error:
                logger.warning("batching is not available, serving one by one: %r", error)
                self.batched = None
            else:
                return generator, "batched"
        generator = self.direct()
        self.check(generator)
        return generator, "direct"


class Scheduler:
    """Run `run()` on the thread that loaded the model; the other methods are for any thread."""

    def __init__(
        self,
        modes: Modes,
        *,
        queue_limit: int,
        memory: Callable[[], int] = lambda: 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._modes = modes
        self._queue_limit = queue_limit
        self._memory = memory
        self._clock = clock
        self._changed = threading.Condition()
        self._stopping = False
        self._active: dict[int, Job] = {}
        self._seconds_each = 5.0
        self._generator, mode = modes.build()
        self._stats = Stats(mode=mode, memory_bytes=memory())
        self._backlog: Backlog[Job] = Backlog(AGEING_SECONDS if mode == "batched" else 0.0)

    @property
    def stats(self) -> Stats:
        """A consistent reading."""
        with self._changed:
            return replace(self._stats, active=len(self._active), queued=len(self._backlog))

    def submit(self, job: Job) -> None:
        """Queue a job. Raises BacklogFull."""
        with self._changed:
            slots = self._generator.slots
            ahead = len(self._active) + len(self._backlog)
            if ahead >= slots + self._queue_limit:
                raise BacklogFull(retry_after(ahead - slots + 1, slots, self._seconds_each))
            self._backlog.push(job, job.rank, self._clock())
            self._changed.notify()

    def cancel(self, job: Job) -> None:
        """Nobody waits for this job any more; a waiting one leaves its place at once."""
        with self._changed:
            job.cancelled = True
            self._backlog.remove(job)
            self._changed.notify()

    def stop(self) -> None:
        """End `run()` after the step under way."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def run(self) -> None:
        """Serve until `stop()`."""
        while self._admit():
            try:
                drawn = self._generator.step()
            except Exception as error:
                logger.exception("generation failed")
                self._start_over(error)
                continue
            with self._changed:
                self._stats = replace(self._stats, steps=self._stats.steps + 1)
            for token in drawn:
                self._deliver(token)
        self._generator.close()

    def _admit(self) -> bool:
        """Wait for something to do; fill free slots. False: it is time to end."""
        with self._changed:
            while not (self._active or self._backlog or self._stopping):
                self._changed.wait()
            if self._stopping:
                return False
            for handle, job in list(self._active.items()):
                if job.cancelled:
                    del self._active[handle]
                    self._generator.cancel(handle)
            while self._backlog and len(self._active) < self._generator.slots:
                self._start(self._backlog.pop())
            return True

    def _start(self, job: Job) -> None:
        job.started_at = self._clock()
        try:
            handle = self._generator.start(job.work)
        except Exception as error:
            logger.exception("a request could not be started")
            self._fail(job, error)
        else:
            self._active[handle] = job

    def _deliver(self, drawn: Drawn) -> None:
        job = self._active.get(drawn.handle)
        if job is None or job.cancelled:
            return
        delta = job.answer.feed(drawn.token, drawn.logprob)
        if delta:
            job.sent = True
            job.sink(delta)
        if job.answer.finish is None:
            return
        self._generator.cancel(drawn.handle)
        took = self._clock() - job.started_at
        with self._changed:
            del self._active[drawn.handle]
            self._seconds_each += 0.2 * (took - self._seconds_each)
            self._stats = replace(self._stats, memory_bytes=self._memory())
        job.sink(job.answer.finish)

    def _start_over(self, error: Exception) -> None:
        """The generator is poisoned: fail what it held, build another."""
        with self._changed:
            lost, self._active = list(self._active.values()), {}
        for job in lost:
            self._fail(job, error)
        generator, mode = self._modes.build()
        with self._changed:
            self._generator = generator
            self._stats = replace(self._stats, mode=mode)

    def _fail(self, job: Job, error: Exception) -> None:
        if not job.cancelled:
            message = f"Generation failed ({type(error).__name__})."
            job.sink(Failure(message, retryable=not job.sent))
