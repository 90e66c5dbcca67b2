"""Workers of a module's own models."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from inference.local.runtime_names import LLAMA_CPP
from inference.local.weights import GGUF_NAME
from tests.inference.local.worker_process import WorkerProcess


@pytest.fixture(scope="module")
def llama(models: Path) -> Iterator[WorkerProcess]:
    """Llama.cpp over the folder `models` of the module."""
    file = models / f"{GGUF_NAME}.gguf"
    with WorkerProcess("--runtime", LLAMA_CPP, model_dir=file, name="light") as it:
        yield it
