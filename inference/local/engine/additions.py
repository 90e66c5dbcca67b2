"""Models that are being added: a process each, whose steps the engine's report tells."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from inference.local.engine.errors import EngineError, invalid
from inference.local.paths import without_paths
from inference.local.store.source import BadSource, check_name, read_source

_REMEMBERED: Final = 600.0
"""Seconds for which it is told how an addition ended."""
_MOST: Final = 4
"""Additions at a time."""


class _Line(msgspec.Struct):
    """What the program that adds prints; see `inference.local.store.adding`."""

    step: str = ""
    progress: float | None = None
    added: str = ""
    error: str = ""


@dataclass(slots=True)
class Addition:
    """`progress` is a share from 0 to 1, where it is known; `ended` a time of the clock."""

    source: str
    name: str
    step: str = "starting"
    progress: float | None = None
    error: str = ""
    ended: float | None = None

    def told(self) -> dict[str, Any]:
        return {
            "source": self.source,
            "name": self.name,
            "step": self.step,
            "progress": self.progress,
            "error": self.error,
            "ended": self.ended is not None,
        }


class Additions:
    """On the engine's event loop."""

    def __init__(
        self,
        models_dir: Path,
        disk_budget_bytes: int = 0,
        environment: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._models_dir = models_dir
        self._disk_budget = str(disk_budget_bytes)
        self._environment = environment
        self._clock = clock
        self._all: list[Addition] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def told(self) -> list[dict[str, Any]]:
        """Those under way, and how those ended that ended lately."""
        now = self._clock()
        self._all = [one for one in self._all if one.ended is None or now - one.ended < _REMEMBERED]
        return [one.told() for one in self._all]

    def begin(self, source: object, name: object) -> None:
        """Raises EngineError. Only what comes over the network: whoever may ask for a path of
        this machine has its command line."""
        if not isinstance(source, str) or not isinstance(name, str | None):
            raise invalid("'source' must say where the model is.", "source")
        try:
            found = read_source(source)
            if name:
                check_name(name)
        except BadSource as error:
            raise invalid(str(error), "source") from error
        if not found.remote:
            message = "Folders and files are added on the command line: manage.py models add."
            raise invalid(message, "source")
        if sum(one.ended is None for one in self._all) >= _MOST:
            raise EngineError(429, "too_many", f"{_MOST} models are being added already.")
        addition = Addition(source, name or found.suggested_name)
        self._all = [one for one in self._all if one.source != source or one.ended is None]
        self._all.append(addition)
        task = asyncio.get_running_loop().create_task(self._run(addition, name or ""))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _run(self, addition: Addition, name: str) -> None:
        command = ["-m", "inference.local.store.adding", addition.source, "--name", name]
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *command,
            *("--models-dir", str(self._models_dir)),
            *("--disk-budget", self._disk_budget),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            env=dict(self._environment),
        )
        assert process.stdout is not None
        try:
            async for line in process.stdout:
                self._hear(addition, line)
            code = await process.wait()
            if code and not addition.error:
                addition.error = f"The program that adds models ended with status {code}."
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()
            addition.ended = self._clock()

    def _hear(self, addition: Addition, line: bytes) -> None:
        try:
            said = msgspec.json.decode(line, type=_Line)
        except msgspec.MsgspecError:
            return
        addition.name = said.added or addition.name
        addition.step, addition.progress = said.step, said.progress
        addition.error = without_paths(said.error, str(self._models_dir))
