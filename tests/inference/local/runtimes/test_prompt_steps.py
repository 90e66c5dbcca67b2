"""Reading a long prompt ends when its caller leaves, also in a batch.

What is bounded is what the worker computes on each core, whatever else the machine does.
"""

import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference.local.runtime_names import LLAMA_CPP, MLX
from inference.local.weights import NAME, ensure_smollm2
from tests.inference.local.runtimes.new_prompts import new_prompt
from tests.inference.local.worker_process import WorkerProcess, chat_body
from tests.support.eventually import eventually
from tests.support.timing import is_quick


def long_prompt() -> str:
    """Some 1,400 tokens that begin like no other prompt."""
    return new_prompt(95)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data") / "models"
    ensure_smollm2(folder, lambda step, share: None, runtimes=[MLX, LLAMA_CPP])
    return folder


@pytest.fixture(scope="module")
def mlx(models: Path) -> Iterator[WorkerProcess]:
    with WorkerProcess("--batching", model_dir=models / NAME, name="light", openblas=True) as it:
        yield it


def computed(worker: WorkerProcess) -> float:
    """Seconds that the worker has computed on all cores that it may use."""
    stat = Path(f"/proc/{worker.process.pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(stat[11]) + int(stat[12])
    return ticks / os.sysconf("SC_CLK_TCK") / len(os.sched_getaffinity(0))


def computed_after_leaving(worker: WorkerProcess) -> float:
    """Once some of the prompt is read; until the worker has nothing more to do."""
    before = worker.health()["steps"]
    body = json.dumps(chat_body(long_prompt(), stream=True, max_tokens=2)).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
    with socket.socket(socket.AF_UNIX) as calling:
        calling.connect(str(worker.socket))
        calling.sendall(head.encode() + body)
        eventually(lambda: worker.health()["steps"] > before + 1)
    left = computed(worker)
    worker.wait_until_idle()
    while True:
        seen = computed(worker)
        time.sleep(0.3)
        if computed(worker) - seen < 0.02:
            return seen - left


@pytest.mark.parametrize(("runtime", "seconds"), [("mlx", 0.05), ("llama", 0.3)])
def test_a_caller_who_leaves_ends_the_reading(
    request: pytest.FixtureRequest, runtime: str, seconds: float
) -> None:
    """llama.cpp goes on to the end of the step under way."""
    worker = request.getfixturevalue(runtime)
    assert is_quick(lambda: computed_after_leaving(worker), seconds)
    worker.wait_until_idle()
