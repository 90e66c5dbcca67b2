"""A real worker process over the tiny model, for any test that wants one.

with WorkerProcess() as worker:
    worker.chat("ping").json()
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import httpx

from inference.local.environment import worker_environment
from tests.inference.local import tiny_model

ROOT = Path(__file__).parents[3]


class WorkerProcess:
    """Starts on entering, ends on leaving. `options` are more of the worker's flags."""

    def __init__(
        self,
        *options: str,
        model_dir: Path = tiny_model.PATH,
        name: str = tiny_model.NAME,
        module: str = "inference.local.worker",
        openblas: bool = False,
    ) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="worker-"))
        self.socket = self._folder / "s"
        self.lines: list[dict[str, Any]] = []
        self.log = self._folder / "log"
        environment = dict(os.environ)
        self._command = [sys.executable, "-m", module, "--model-dir", str(model_dir)]
        self._command += ["--name", name, "--socket", str(self.socket), *options]
        self._environment = worker_environment(environment) if openblas else environment
        self.client = httpx.Client(
            transport=httpx.HTTPTransport(uds=str(self.socket)),
            base_url="http://worker",
            timeout=60,
        )

    def __enter__(self) -> "WorkerProcess":
        self.start()
        assert self.lines[-1]["state"] == "ready", f"{self.lines[-1]}\n{self.log.read_text()}"
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end()

    def start(self) -> None:
        """Start the process; returns once it is ready or has failed."""
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                env=self._environment,
            )
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(json.loads(line))
            if self.lines[-1]["state"] != "loading":
                break
        assert self.lines, self.log.read_text()

    def end(self) -> None:
        """As a parent that dies would: standard input ends, and so does the worker."""
        self.client.close()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self.process.wait(timeout=10)
        finally:
            self.process.kill()
            shutil.rmtree(self._folder, ignore_errors=True)

    def async_client(self) -> httpx.AsyncClient:
        """For many requests at once; the caller closes it."""
        transport = httpx.AsyncHTTPTransport(uds=str(self.socket))
        return httpx.AsyncClient(transport=transport, base_url="http://worker", timeout=60)

    def chat(self, prompt: str, **fields: Any) -> httpx.Response:
        """One whole answer, greedy unless the fields say otherwise."""
        return self.client.post("/v1/chat/completions", json=chat_body(prompt, **fields))

    def stream(self, prompt: str, **fields: Any) -> Iterator[dict[str, Any]]:
        """The chunks of a streamed answer, which must end with [DONE]."""
        body = chat_body(prompt, stream=True, **fields)
        with self.client.stream("POST", "/v1/chat/completions", json=body) as response:
            assert response.status_code == 200, response.read()
            yield from sse_chunks(response.iter_lines())

    def health(self) -> dict[str, Any]:
        """GET /health."""
        result: dict[str, Any] = self.client.get("/health").json()
        return result

    def wait_for(self, condition: Callable[[dict[str, Any]], bool], seconds: float = 5) -> None:
        """Until the health meets the condition."""
        deadline = time.monotonic() + seconds
        while not condition(self.health()):
            assert time.monotonic() < deadline, self.health()
            time.sleep(0.005)

    def wait_until_idle(self, seconds: float = 5) -> None:
        """Until nothing runs or waits: an answer is there a moment before its place is free."""
        self.wait_for(lambda health: health["active"] == health["queued"] == 0, seconds)


def chat_body(prompt: str, **fields: Any) -> dict[str, Any]:
    """A chat request with one user message."""
    return {"messages": [{"role": "user", "content": prompt}], "temperature": 0, **fields}


def sse_chunks(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """The JSON of every `data:` line, up to [DONE], which must come."""
    for line in lines:
        if line == "data: [DONE]":
            return
        if line.startswith("data: "):
            yield json.loads(line.removeprefix("data: "))
    raise AssertionError("the stream ended without [DONE]")


def content(response: httpx.Response) -> str:
    """The text of a whole chat answer."""
    assert response.status_code == 200, response.text
    text: str = response.json()["choices"][0]["message"]["content"]
    return text
