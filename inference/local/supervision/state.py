"""The life of one model as a state machine: every event is a pure function from state to state.

    not_loaded --wanted--> loading --became_ready--> ready --begin_stop--> stopping --> not_loaded
                              |                        |
                              +-------- ended ---------+--> loading again at once, or failed

The caller starts a process exactly when `starts` grew and ends it exactly when the phase became
`stopping`. An event that does not fit the phase changes nothing, so late news is harmless.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from inference.local.supervision.restarts import RestartPolicy


class Phase(StrEnum):
    NOT_LOADED = "not_loaded"
    LOADING = "loading"
    READY = "ready"
    STOPPING = "stopping"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class WorkerFacts:
    """What a worker tells about itself when it is ready."""

    memory_bytes: int
    parameters: int | None = None
    context_length: int | None = None


@dataclass(frozen=True, slots=True)
class ModelState:
    """One model. Times are seconds of the caller's monotonic clock.

    `memory_bytes` is what a ready worker holds at present; `facts`, as they were when it became
    ready, outlive the process: they are the best estimate for the next load.
    """

    phase: Phase = Phase.NOT_LOADED
    starts: int = 0
    restarts: int = 0
    deaths: int = 0
    progress: float = 0.0
    step: str = ""
    reason: str = ""
    retry_at: float = 0.0
    restarts_itself: bool = False
    ready_at: float | None = None
    memory_bytes: int = 0
    facts: WorkerFacts | None = None

    @property
    def has_process(self) -> bool:
        return self.phase in (Phase.LOADING, Phase.READY, Phase.STOPPING)


def wanted(state: ModelState, now: float) -> ModelState:
    """A request needs the model. A failed one is left alone until its backoff has passed."""
    if state.phase is Phase.NOT_LOADED:
        return _start(state)
    if state.phase is Phase.FAILED and now >= state.retry_at:
        return _start(state)
    return state


def restart_due(state: ModelState, now: float) -> ModelState:
    """The backoff of a worker that restarts by itself may have passed."""
    if state.phase is Phase.FAILED and state.restarts_itself and now >= state.retry_at:
        return replace(_start(state), restarts=state.restarts + 1)
    return state


def advanced(state: ModelState, progress: float, step: str) -> ModelState:
    """The load came further; `progress` is a share between 0 and 1."""
    if state.phase is not Phase.LOADING:
        return state
    return replace(state, progress=min(1.0, max(0.0, progress)), step=step)


def became_ready(state: ModelState, facts: WorkerFacts, now: float) -> ModelState:
    """The worker generated its first token."""
    if state.phase is not Phase.LOADING:
        return state
    return replace(
        state,
        phase=Phase.READY,
        progress=1.0,
        step="",
        reason="",
        ready_at=now,
        memory_bytes=facts.memory_bytes,
        facts=facts,
    )


def remeasured(state: ModelState, memory_bytes: int) -> ModelState:
    """A ready worker told its present memory, which grows with the context it holds."""
    if state.phase is not Phase.READY:
        return state
    return replace(state, memory_bytes=memory_bytes)


def begin_stop(state: ModelState) -> ModelState:
    """Unload: a running process has to end first; of a failed model the failure is forgotten."""
    if state.phase in (Phase.LOADING, Phase.READY):
        return replace(state, phase=Phase.STOPPING, step="")
    if state.phase is Phase.FAILED:
        return _rest(state)
    return state


def refused(state: ModelState, reason: str, now: float) -> ModelState:
    """The model cannot be started at all, for want of memory; the next request may try again."""
    if state.has_process:
        return state
    return _fail(state, reason, retry_at=now, restarts_itself=False)


def ended(
    state: ModelState, reason: str, stated: bool, now: float, policy: RestartPolicy, rng: Random
) -> ModelState:
    """The process is gone.

    `stated` means that the worker itself said why it cannot serve: starting it again by itself
    would only repeat that, so the next attempt is left to a request or an operator.
    """
    if state.phase is Phase.STOPPING:
        return _rest(state)
    if state.phase not in (Phase.LOADING, Phase.READY):
        return state
    stable = (
        state.phase is Phase.READY
        and state.ready_at is not None
        and now - state.ready_at >= policy.stable_after_s
    )
    deaths = 1 if stable else state.deaths + 1
    state = replace(state, deaths=deaths)
    if deaths == 1 and not stated:
        return replace(_start(state), restarts=state.restarts + 1, reason=reason)
    retry_at = now + policy.delay(deaths, rng)
    itself = not stated and deaths <= policy.automatic
    return _fail(state, reason, retry_at=retry_at, restarts_itself=itself)


def _start(state: ModelState) -> ModelState:
    return replace(
        state,
        phase=Phase.LOADING,
        starts=state.starts + 1,
        progress=0.0,
        step="starting",
        reason="",
        retry_at=0.0,
        restarts_itself=False,
        ready_at=None,
        memory_bytes=0,
    )


def _fail(state: ModelState, reason: str, *, retry_at: float, restarts_itself: bool) -> ModelState:
    return replace(
        state,
        phase=Phase.FAILED,
        progress=0.0,
        step="",
        reason=reason,
        retry_at=retry_at,
        restarts_itself=restarts_itself,
        ready_at=None,
        memory_bytes=0,
    )


def _rest(state: ModelState) -> ModelState:
    return ModelState(starts=state.starts, restarts=state.restarts, facts=state.facts)
