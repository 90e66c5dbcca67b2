"""The service as an operator runs it, and the reference beside it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, Self

from benchmarks import machine

ROOT: Final = Path(__file__).resolve().parent.parent
_READY_SECONDS: Final = 60.0


def environment(data_dir: Path | None = None, **more: str) -> dict[str, str]:
    """A shell's environment without settings of the machine the benchmark runs on.

    An operator's starts find the byte code that the first one left.
    """
    proxies = ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY")
    dropped = ("POINTSMAN_", "DJANGO_", "PYTHONDONTWRITEBYTECODE", *proxies)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(dropped)}
    if data_dir is not None:
        kept["POINTSMAN_DATA_DIR"] = str(data_dir)
    return {**kept, **more}


class Process:
    """A server in a session of its own, on one core; ends with the `with` block."""

    def __init__(
        self, command: list[str], *, core: int | None, data_dir: Path | None = None, **more: Any
    ) -> None:
        def begin() -> None:
            os.setsid()
            machine.pin(core)

        self.process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment(data_dir, **more.pop("variables", {})),
            preexec_fn=begin,
            **more,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def wait_for(self, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while not ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.end()
                raise RuntimeError(f"did not start: {self.process.args!r}")
            time.sleep(0.02)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Reference(Process):
    """`reference.py` under Uvicorn with uvloop and httptools."""

    def __init__(self, mock_port: int, core: int | None) -> None:
        self.port = free_port()
        super().__init__(
            [
                *("-m", "uvicorn", "benchmarks.reference:app", "--port", str(self.port)),
                *("--loop", "uvloop", "--http", "httptools"),
                *("--no-access-log", "--log-level", "warning"),
            ],
            core=core,
            variables={"REFERENCE_UPSTREAM": f"http://127.0.0.1:{mock_port}"},
        )
        self.wait_for(lambda: _accepts(self.port))

    @property
    def pids(self) -> list[int]:
        return [self.process.pid]


def installation(
    data_dir: Path, mock_port: int, *, profiles: int = 0, keys: int = 0, limits: str = ""
) -> str:
    """Makes a data directory with the benchmark's configuration; returns an API key."""
    seed = ("-m", "benchmarks.seed", str(mock_port))
    for command in (
        [*seed, "--profiles", str(profiles), "--keys", str(keys), "--limits", limits],
        ["manage.py", "create_api_key", "benchmark"],
    ):
        done = subprocess.run(
            [sys.executable, *command],
            cwd=ROOT,
            env=environment(data_dir),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return done.stdout.strip()


class Service(Process):
    """`manage.py up` without the local model, or Daphne on the same application."""

    def __init__(
        self,
        data_dir: Path,
        core: int | None,
        *,
        server: str = "uvicorn",
        workers: int = 1,
        pinned: bool = False,
    ) -> None:
        self.port = free_port()
        self._launched = server != "daphne"
        if self._launched:
            command = ["manage.py", "up", "--no-model", "--port", str(self.port)]
            command += ["--workers", str(workers), *(["--pin"] if pinned else [])]
        else:
            endpoint = f"tcp:port={self.port}:interface=127.0.0.1:backlog=2048"
            command = ["-m", "daphne", "-e", endpoint, "-v", "0", "gateway.asgi:application"]
        with (data_dir / "output").open("wb") as output:
            super().__init__(
                command, core=core, data_dir=data_dir, stdout=output, stderr=subprocess.STDOUT
            )
        if self._launched:
            # Said once all web processes serve.
            self.wait_for(lambda: b" is ready at " in (data_dir / "output").read_bytes())
        else:
            # Daphne loads the routing table with its first chat request, and is not ready before.
            self.wait_for(lambda: _answers(f"http://127.0.0.1:{self.port}/livez"))

    @property
    def pids(self) -> list[int]:
        """The web processes."""
        return machine.children(self.process.pid) if self._launched else [self.process.pid]
