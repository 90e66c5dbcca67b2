"""Workers shared by the tests of this folder: the tiny model, one by one and batched."""

from collections.abc import Iterator

import pytest

from tests.inference.local.worker_process import WorkerProcess


@pytest.fixture(scope="session")
def direct() -> Iterator[WorkerProcess]:
    """A worker that serves one request at a time."""
    with WorkerProcess() as worker:
        yield worker


@pytest.fixture(scope="session")
def batched() -> Iterator[WorkerProcess]:
    """A worker with continuous batching."""
    with WorkerProcess("--batching") as worker:
        yield worker


@pytest.fixture(params=["direct", "batched"])
def worker(request: pytest.FixtureRequest) -> WorkerProcess:
    """Both of them, one after the other."""
    value: WorkerProcess = request.getfixturevalue(request.param)
    return value
