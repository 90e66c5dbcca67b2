"""What the engine is told at its start."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from inference.local.supervision.restarts import RestartPolicy

DEFAULT_MEMORY_SHARE = 0.6
_CGROUP_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds, all of them."""

    comment_every: float = 1.0
    """A streaming caller that waits for its model hears this often that it still loads."""
    room_patience: float = 10.0
    """How long a request waits for models in use to leave room for its own."""
    restart_patience: float = 5.0
    """A request waits for a restart that is due so soon, and is turned away otherwise."""
    term_grace: float = 3.0
    """Between SIGTERM and SIGKILL."""
    obituary_patience: float = 1.0
    """From the end of a worker's connection to the news of how its process ended."""
    health_every: float = 5.0
    health_timeout: float = 10.0
    unresponsive_after: float = 60.0
    # One step reads a whole prompt when requests are served one at a time: that may take long.
    stalled_after: float = 1800.0
    """Work to do, but neither a step nor a byte for so long: the generation hangs."""
    load_stalled_after: float = 600.0
    """No news from a loading worker for so long: the load hangs."""
    tick: float = 0.5


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """`idle_timeout_s`, `max_loaded` and `disk_budget_bytes` 0: no limit. `worker_options` go to
    every worker."""

    models_dir: Path
    memory_budget_bytes: int
    idle_timeout_s: float = 0.0
    max_loaded: int = 0
    max_waiting: int = 256
    disk_budget_bytes: int = 0
    worker_base_bytes: int = 128 * 1024**2
    """What a worker takes beside the weights, before it is measured."""
    worker_options: tuple[str, ...] = ()
    restarts: RestartPolicy = field(default_factory=RestartPolicy)
    timings: Timings = field(default_factory=Timings)


def default_memory_budget() -> int:
    """Bytes: 60 % of the physical memory, or of the container's limit if that is smaller."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [limit for path in _CGROUP_LIMITS if (limit := _read_limit(Path(path)))]
    return int(min([physical, *limits]) * DEFAULT_MEMORY_SHARE)


def _read_limit(path: Path) -> int | None:
    try:
        text = path.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None  # "max" means that there is none
