"""The engine as the launcher sees it: a process with a socket, signals and an exit code."""

import http.client
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from inference.local.client import EngineClient
from tests.inference.local.engine.fake_worker import read_log
from tests.inference.local.engine.world import alive, make_model
from tests.support.eventually import eventually

Engine = subprocess.Popen[str]
Start = Callable[..., Engine]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts engines that serve `tmp_path/engine.sock`, and ends what is left of them."""
    engines: list[Engine] = []

    def start_one(*options: str, module: str = "tests.inference.local.engine.run_engine") -> Engine:
        command = [sys.executable, "-m", module, "--socket", str(tmp_path / "engine.sock")]
        command += ["--models-dir", str(tmp_path / "models"), *options]
        pipe = subprocess.PIPE
        engine = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        engines.append(engine)
        return engine

    yield start_one
    for engine in engines:
        engine.kill()
        engine.wait()
        for stream in (engine.stdin, engine.stdout, engine.stderr):
            if stream is not None:
                stream.close()


def listening(engine: Engine) -> dict[str, Any]:
    assert engine.stdout is not None
    message: dict[str, Any] = json.loads(engine.stdout.readline())
    return message


until = partial(eventually, seconds=10)


def ready_pid(tmp_path: Path, name: str) -> int:
    client = EngineClient(str(tmp_path / "engine.sock"))

    def pid() -> int | None:
        model = client.models().model(name)
        return model.pid if model and model.state == "ready" else None

    return int(until(pid))


def test_it_works(start: Start, tmp_path: Path) -> None:
    """One JSON line tells that it listens, and where; only the owner may connect."""
    make_model(tmp_path / "models", "tiny")
    engine = start("--preload", "tiny")
    path = tmp_path / "engine.sock"
    assert listening(engine) == {"state": "listening", "socket": str(path)}
    assert path.stat().st_mode & 0o777 == 0o600
    pid = ready_pid(tmp_path, "tiny")
    engine.send_signal(signal.SIGINT)
    assert engine.wait(5) == 0
    assert not alive(pid)
    assert not path.exists()


def test_a_model_that_cannot_be_preloaded_ends_nothing(start: Start, tmp_path: Path) -> None:
    engine = start("--preload", "none")
    listening(engine)
    assert EngineClient(str(tmp_path / "engine.sock")).ready()
    engine.terminate()
    _, stderr = engine.communicate(timeout=5)
    assert "The model 'none' does not exist." in stderr


def test_worker_options_are_passed_on(start: Start, tmp_path: Path) -> None:
    folder = make_model(tmp_path / "models", "tiny")
    options = ["--batching", "--queue-limit", "9", "--max-batch", "3", "--max-context", "512"]
    listening(start("--preload", "tiny", *options))
    ready_pid(tmp_path, "tiny")
    assert read_log(folder)[0]["argv"][-7:] == options


def test_sigterm_ends_everything_within_five_seconds(start: Start, tmp_path: Path) -> None:
    """Even a worker deaf to SIGTERM, and with a stream open, which gets its error event."""
    told = {"ignore_sigterm": True, "tokens": 10_000, "token_s": 0.05}
    folder = make_model(tmp_path / "models", "deaf", told)
    engine = start()
    listening(engine)
    lines: list[bytes] = []
    reading = threading.Thread(target=read_stream, args=(tmp_path / "engine.sock", "deaf", lines))
    reading.start()
    until(lambda: len(lines) > 3)
    began = time.monotonic()
    engine.terminate()
    assert engine.wait(5) == 0
    assert time.monotonic() - began < 5
    reading.join(5)
    assert b'"error"' in lines[-1]
    assert not any(b"[DONE]" in line for line in lines)
    assert not alive(read_log(folder)[0]["pid"])


def read_stream(path: Path, model: str, lines: list[bytes]) -> None:
    connection = http.client.HTTPConnection("engine")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(str(path))
    body = json.dumps({"model": model, "stream": True})
    connection.request("POST", "/v1/chat/completions", body)
    for line in connection.getresponse():
        if line.strip():
            lines.append(line)


def test_the_end_of_the_parent_is_the_end_of_the_engine(start: Start, tmp_path: Path) -> None:
    make_model(tmp_path / "models", "tiny")
    engine = start("--exit-with-parent", "--preload", "tiny")
    listening(engine)
    pid = ready_pid(tmp_path, "tiny")
    assert engine.stdin is not None
    engine.stdin.close()
    assert engine.wait(5) == 0
    assert not alive(pid)


def test_without_the_flag_the_end_of_standard_input_means_nothing(
    start: Start, tmp_path: Path
) -> None:
    engine = start()
    listening(engine)
    assert engine.stdin is not None
    engine.stdin.close()
    time.sleep(0.3)
    assert EngineClient(str(tmp_path / "engine.sock")).ready()


def test_workers_do_not_outlive_an_engine_killed_with_kill_9(start: Start, tmp_path: Path) -> None:
    """And the next engine replaces the stale socket and clears the old workers' folder."""
    folder = make_model(tmp_path / "models", "tiny")
    engine = start("--preload", "tiny")
    listening(engine)
    pid = ready_pid(tmp_path, "tiny")
    worker_dir = Path(read_log(folder)[0]["argv"][5]).parent
    assert worker_dir.stat().st_mode & 0o777 == 0o700
    engine.kill()
    until(lambda: not alive(pid))
    assert (tmp_path / "engine.sock").exists()
    assert worker_dir.exists()
    listening(start())
    assert EngineClient(str(tmp_path / "engine.sock")).ready()
    assert not worker_dir.exists()


def test_a_second_engine_on_the_same_socket_refuses(start: Start, tmp_path: Path) -> None:
    listening(start())
    second = start()
    _, stderr = second.communicate(timeout=10)
    assert second.returncode == 1
    assert stderr == f"Another engine already serves {tmp_path / 'engine.sock'}.\n"
    assert EngineClient(str(tmp_path / "engine.sock")).ready(), "the first one is undisturbed"


def test_a_file_in_the_socket_s_place_is_not_touched(start: Start, tmp_path: Path) -> None:
    (tmp_path / "engine.sock").write_text("precious")
    engine = start()
    _, stderr = engine.communicate(timeout=10)
    assert engine.returncode == 1
    assert "exists and is not a socket" in stderr
    assert (tmp_path / "engine.sock").read_text() == "precious"


def test_a_path_no_socket_may_have_is_refused_in_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "inference.local.engine", "--models-dir", "m", "--socket"]
    done = subprocess.run(
        [*command, str(tmp_path / ("x" * 100))], capture_output=True, text=True, timeout=10
    )
    assert done.returncode == 1
    assert done.stderr.startswith("The socket path is longer than")


def test_the_engine_imports_neither_mlx_nor_django() -> None:
    code = (
        "import sys, inference.local.engine.__main__, inference.local.client;"
        "print([m for m in sys.modules if m.split('.')[0] in ('mlx', 'mlx_lm', 'django')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20)
    assert done.stdout == "[]\n", done.stderr
