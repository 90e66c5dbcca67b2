"""The local engine: what it can serve models with, and its process."""

from __future__ import annotations

import importlib.util
import platform
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gateway.supervisor.child import Child
from gateway.supervisor.startup_error import StartupError
from inference.local.environment import find_openblas

GRACE = 6.0
"""Seconds the engine has to end."""


_LIBRARIES: Final = {"mlx": ("mlx", "mlx_lm"), "llama_cpp": ("xllamacpp", "numpy")}


def runtimes(*, without_mlx: bool = False) -> list[str]:
    """What is installed to serve models with, the best for this machine first.

    Raises `StartupError` when nothing is.
    """
    apple = sys.platform == "darwin" and platform.machine() == "arm64"
    order = ["mlx", "llama_cpp"] if apple else ["llama_cpp", "mlx"]
    if without_mlx:
        order.remove("mlx")
    found = [name for name in order if all(map(importlib.util.find_spec, _LIBRARIES[name]))]
    if not found:
        raise StartupError(
            "Neither llama.cpp (xllamacpp) nor MLX is installed, so there is no local model. "
            "Install them with `make setup`, or start without: make run ARGS=--no-model"
        )
    return found


def hint(runtimes: Sequence[str]) -> str:
    """What would make local models faster; empty where nothing is known to."""
    if "mlx" in runtimes and sys.platform == "linux" and find_openblas() is None:
        return (
            "OpenBLAS would make models that run on MLX several times faster on this machine: "
            "on Debian and Ubuntu it is the package libopenblas0-pthread."
        )
    return ""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the engine may use. 0 leaves it to the engine."""

    memory_mib: int
    idle_minutes: int
    queue: int
    batch: int
    disk_bytes: int = 0

    def arguments(self) -> list[str]:
        given = ["--queue-limit", str(self.queue), "--max-batch", str(self.batch)]
        if self.memory_mib:
            given += ["--memory-budget", str(self.memory_mib * 1024 * 1024)]
        if self.disk_bytes:
            given += ["--disk-budget", str(self.disk_bytes)]
        if self.idle_minutes:
            given += ["--idle-timeout", str(self.idle_minutes * 60)]
        return given


def limits_from(settings: Any) -> Limits:
    """What the installation's settings say."""
    return Limits(
        memory_mib=settings.ENGINE_MEMORY_MIB,
        idle_minutes=settings.ENGINE_IDLE_MINUTES,
        queue=settings.ENGINE_QUEUE_LIMIT,
        batch=settings.ENGINE_BATCH_SIZE,
        disk_bytes=settings.MODELS_BYTES,
    )


def command(
    socket: str, models_dir: Path, *, preload: str, batching: bool, limits: Limits
) -> list[str]:
    """The engine's arguments; an empty `preload` loads models when they are asked for."""
    arguments = ["--socket", socket, "--models-dir", str(models_dir), *limits.arguments()]
    if preload:
        arguments += ["--preload", preload]
    return [*arguments, "--batching"] if batching else arguments


def start(socket: str, models_dir: Path, *, preload: str, batching: bool, limits: Limits) -> Child:
    """The engine's process, listening. Raises `StartupError`."""
    arguments = command(socket, models_dir, preload=preload, batching=batching, limits=limits)
    arguments.append("--exit-with-parent")
    child = Child("local engine", "inference.local.engine", arguments, read_output=True)
    assert child.process.stdout is not None
    line = child.process.stdout.readline()
    if not line:
        code = child.process.wait()
        raise StartupError(
            f"The local engine ended at once with status {code}; its message is above."
        )
    return child
