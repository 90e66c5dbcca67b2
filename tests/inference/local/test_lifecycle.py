"""How a worker starts, fails and ends."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from tests.inference.local import tiny_model as tiny
from tests.inference.local.worker_process import ROOT, WorkerProcess, chat_body, content
from tests.support.timing import allowed

OPTIONS = [(), ("--batching",)]


def test_it_tells_how_loading_goes(direct: WorkerProcess) -> None:
    """Progress that grows, then one line with what there is to know."""
    *loading, ready = direct.lines
    assert all(line["state"] == "loading" for line in loading)
    fractions = [line["progress"] for line in loading]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] <= fractions[-1] < 1
    assert all(line["step"] for line in loading)
    assert ready["state"] == "ready"
    assert ready["context_length"] == tiny.CONTEXT_LENGTH
    assert ready["parameters"] == 99_648
    assert ready["memory_bytes"] > 20 * 2**20


def test_only_this_user_may_use_the_socket(direct: WorkerProcess) -> None:
    assert stat.S_IMODE(os.stat(direct.socket).st_mode) == 0o600


@pytest.mark.parametrize("broken", ["empty", "no weights", "cut weights", "own code"])
def test_a_folder_that_cannot_be_loaded_is_told_in_a_sentence(tmp_path: Path, broken: str) -> None:
    for file in tiny.PATH.iterdir():
        data = file.read_bytes()
        if broken == "empty" or (broken == "no weights" and file.suffix == ".safetensors"):
            continue
        if broken == "cut weights" and file.suffix == ".safetensors":
            data = data[: len(data) // 2]
        if broken == "own code" and file.name == "config.json":
            data = data.replace(b"{", b'{"model_file": "evil.py",', 1)
        (tmp_path / file.name).write_bytes(data)
    (tmp_path / "evil.py").write_text("raise SystemExit('this must never run')")
    worker = WorkerProcess(model_dir=tmp_path)
    worker.start()
    last = worker.lines[-1]
    code = worker.process.wait(timeout=10)
    worker.end()
    assert last["state"] == "failed"
    assert last["reason"]
    assert "\n" not in last["reason"]
    assert code == 1
    assert "must never run" not in last["reason"]


@pytest.mark.parametrize("options", OPTIONS)
async def test_kill_9_during_eight_streams(options: tuple[str, ...]) -> None:
    """Every caller sees a broken answer, none a clean end; a new worker on the socket serves."""
    with WorkerProcess(*options) as worker:
        async with worker.async_client() as client:

            async def caller() -> list[str]:
                lines: list[str] = []
                body = chat_body(tiny.ENDLESS_PROMPT, stream=True)
                try:
                    async with client.stream("POST", "/v1/chat/completions", json=body) as answer:
                        async for line in answer.aiter_lines():
                            lines.append(line)
                except httpx.TransportError:
                    return lines
                raise AssertionError("the answer ended as if it were whole")

            callers = [asyncio.create_task(caller()) for _ in range(8)]
            await asyncio.to_thread(
                worker.wait_for, lambda h: h["active"] + h["queued"] == 8 and h["steps"] > 20
            )
            worker.process.kill()
            seen = await asyncio.gather(*callers)
        assert any(lines for lines in seen)
        assert all("data: [DONE]" not in lines for lines in seen)
        worker.process.wait(timeout=5)
        assert worker.socket.exists(), "kill -9 leaves the socket's file behind"
        worker.start()
        assert content(worker.chat(tiny.PING.prompt)) == tiny.PING.answer


def test_sigterm_ends_it_within_two_seconds(tmp_path: Path) -> None:
    """In the middle of an answer."""
    with WorkerProcess("--batching") as worker:
        body = chat_body(tiny.ENDLESS_PROMPT, stream=True)
        with worker.client.stream("POST", "/v1/chat/completions", json=body) as response:
            next(response.iter_lines())
            before = time.monotonic()
            worker.process.terminate()
            assert worker.process.wait(timeout=5) == 0
            assert time.monotonic() - before < allowed(2)
        assert not worker.socket.exists()


def test_it_ends_when_its_standard_input_does() -> None:
    """Cleanly, in the middle of an answer."""
    with WorkerProcess() as worker:
        body = chat_body(tiny.ENDLESS_PROMPT, stream=True)
        with worker.client.stream("POST", "/v1/chat/completions", json=body) as response:
            next(response.iter_lines())
            assert worker.process.stdin is not None
            worker.process.stdin.close()
            assert worker.process.wait(timeout=5) == 0
        assert not worker.socket.exists()


def test_ctrl_c_is_the_parent_s_business(direct: WorkerProcess) -> None:
    direct.process.send_signal(signal.SIGINT)
    assert content(direct.chat(tiny.PING.prompt)) == tiny.PING.answer


def test_it_ends_with_its_parent(tmp_path: Path) -> None:
    """Also with one that was killed and could not tell it."""
    socket = tmp_path / "s"
    parent_code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
        "for line in child.stdout:\n"
        "    if b'ready' in line: break\n"
        "print(child.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    command = [sys.executable, "-m", "inference.local.worker", "--model-dir", str(tiny.PATH)]
    command += ["--name", "x", "--socket", str(socket)]
    with subprocess.Popen(
        [sys.executable, "-c", parent_code, *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert socket.exists()
        parent.kill()
        deadline = time.monotonic() + 3
        while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not Path(f"/proc/{pid}/cmdline").exists() or not _running(pid)


def _running(pid: int) -> bool:
    """Whether it is more than an entry nobody has collected yet."""
    state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return state != "Z"
