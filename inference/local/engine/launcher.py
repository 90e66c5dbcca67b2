"""How a worker is called: its command line, its environment and its socket."""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

from inference.local.engine.process import Listener, WorkerProcess
from inference.local.engine.settings import EngineSettings
from inference.local.engine.slot import Worker
from inference.local.measured import FOLDER
from inference.local.runtime_names import MLX
from inference.local.store.catalog import Catalog
from inference.local.worker_client import WorkerClient


class Launcher:
    """Every process gets a socket of its own: a dying one is never mistaken for its successor."""

    def __init__(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        worker_dir: Path,
        settings: EngineSettings,
    ) -> None:
        self._command = command
        self._environment = environment
        self._worker_dir = worker_dir
        self._settings = settings
        self._numbers = itertools.count(1)

    def prepare(self, name: str, listener: Listener) -> Worker:
        """A worker for the model of that name, not started yet."""
        files = Catalog(self._settings.models_dir).find(name)
        place = files.path if files else self._settings.models_dir / name
        runtime = ["--runtime", files.runtime] if files and files.runtime != MLX else []
        path = str(self._worker_dir / f"{next(self._numbers)}.sock")
        command = [
            *self._command,
            "--model-dir",
            str(place),
            "--name",
            name,
            "--socket",
            path,
            "--measured",
            str(self._settings.models_dir / FOLDER),
            *runtime,
            *self._settings.worker_options,
        ]
        models_dir = str(self._settings.models_dir)
        process = WorkerProcess(command, self._environment, listener, models_dir)
        return Worker(process, WorkerClient(path))
