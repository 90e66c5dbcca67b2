"""The embedded model's files, made by a process of its own: MLX must not live in one that forks."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, Self

from gateway.supervisor.progress import Progress
from gateway.supervisor.startup_error import StartupError
from inference.local.weights import missing


class Weights:
    """Fetched and converted for every runtime that lacks them, the first one's first, while
    something else is done."""

    def __init__(self, models_dir: Path, runtimes: Sequence[str]) -> None:
        self._models_dir = models_dir
        self._runtimes = runtimes
        self._missing: Sequence[str] = ()
        self._reason = ""
        self._over = False
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Ends what is under way; nothing half-made stays behind."""
        if self._process is not None:
            self._over = True
            self._process.terminate()
            self._process.wait()
            self._errors.close()

    def begin(self) -> None:
        self._missing = missing(self._models_dir, self._runtimes)
        if not self._missing:
            return
        module = "inference.local.weights"
        command = [sys.executable, "-m", module, "--models-dir", str(self._models_dir)]
        for runtime in self._missing:
            command += ["--runtime", runtime]
        # A file rather than a pipe, which nobody would read while its process goes on.
        self._errors = tempfile.TemporaryFile("w+")  # noqa: SIM115  # closed at the exit
        self._process = subprocess.Popen(  # noqa: S603  # our own module
            command, stdout=subprocess.PIPE, stderr=self._errors, text=True
        )

    def wait(self, progress: Progress, runtime: str) -> None:
        """Until this runtime has its files. Raises `StartupError`."""
        if runtime not in self._missing:
            return
        for report in self._reports():
            if "step" in report:
                progress.step(report["step"], report.get("progress"))
            if report.get("made") == runtime:
                return
        self._ended()

    def wait_for_all(self, progress: Progress) -> None:
        """Raises `StartupError`."""
        for runtime in self._missing:
            self.wait(progress, runtime)

    def go_on(self, say: Callable[[str], object]) -> None:
        """What is left is made while the service runs; `say` is told if it cannot be."""

        def finish() -> None:
            for _ in self._reports():
                pass
            if not self._over:
                self._tell(say)

        if self._process is not None:
            threading.Thread(target=finish, name="weights", daemon=True).start()

    def _reports(self) -> Iterator[dict[str, Any]]:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            try:
                report = json.loads(line)
            except ValueError:
                continue
            self._reason = report.get("error", self._reason)
            yield report

    def _ended(self) -> None:
        """Raises `StartupError` unless it ended well."""
        assert self._process is not None
        if self._process.wait():
            self._errors.seek(0)
            last = (self._errors.read().strip().splitlines() or ["it ended without a reason"])[-1]
            raise StartupError(
                f"The local model's weights cannot be had: {self._reason or last} "
                "Try again later, or start without the local model: make run ARGS=--no-model"
            )

    def _tell(self, say: Callable[[str], object]) -> None:
        try:
            self._ended()
        except StartupError as error:
            say(f"A model of the profile Light is not there. {error}\n")
