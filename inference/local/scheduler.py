"""Who is generated for and when: a bounded backlog in front of a generator, on one thread.

MLX binds its streams to the thread that made them, so that thread does everything with MLX: it
loads, starts, steps, cancels and closes. Other threads only submit jobs and cancel them.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from inference.local.backlog import AGEING_SECONDS, Backlog, retry_after
from inference.local.generators import Drawn
from inference.local.jobs import BacklogFull, Job, JobFailure
from inference.local.modes import Modes

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Stats:
    """Numbers of this moment; `steps` counts the generator's steps since the start."""

    active: int = 0
    queued: int = 0
    steps: int = 0
    mode: str = "direct"
    memory_bytes: int = 0


class Scheduler:
    """Run `run()` on the thread that loaded the model; the other methods are for any thread."""

    def __init__(
        self,
        modes: Modes,
        *,
        queue_limit: int,
        memory: Callable[[], int] = lambda: 0,
        at_end: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._modes = modes
        self._queue_limit = queue_limit
        self._memory = memory
        self._at_end = at_end
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

    def submit(self, *jobs: Job) -> None:
        """Queue jobs, all of them or none. Raises BacklogFull."""
        with self._changed:
            slots = self._generator.slots
            taken = len(self._active) + len(self._backlog) + len(jobs)
            if taken > slots + self._queue_limit:
                wait = retry_after(taken - slots, slots, self._seconds_each)
                raise BacklogFull(wait, len(self._backlog))
            for job in jobs:
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
        self._at_end()

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
        job.answer.cached_tokens = drawn.cached
        try:
            delta = job.answer.feed(drawn.token, drawn.logprob)
        except Exception as error:
            logger.exception("an answer could not be read")
            self._release(drawn.handle)
            self._fail(job, error)
            return
        if delta:
            job.sink(delta)
        if job.answer.finish is None:
            return
        self._release(drawn.handle)
        job.sink(job.answer.finish)

    def _release(self, handle: int) -> None:
        """The slot is free again."""
        self._generator.cancel(handle)
        with self._changed:
            took = self._clock() - self._active.pop(handle).started_at
            self._seconds_each += 0.2 * (took - self._seconds_each)
            self._stats = replace(self._stats, memory_bytes=self._memory())

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
            job.sink(JobFailure(message))
