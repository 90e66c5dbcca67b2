"""The engine over the real tiny model: real workers, real MLX, real kills."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from inference.local.client import EngineClient, EngineModel
from tests.inference.local import tiny_model
from tests.inference.local.engine.world import alive
from tests.inference.local.worker_process import chat_body, content

NAME = tiny_model.NAME


@pytest.fixture(scope="module")
def socket_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The engine as the launcher starts it, with batching."""
    folder = tmp_path_factory.mktemp("engine")
    (folder / "models").mkdir()
    (folder / "models" / NAME).symlink_to(tiny_model.PATH)
    path = folder / "engine.sock"
    command = [sys.executable, "-m", "inference.local.engine", "--socket", str(path)]
    command += ["--models-dir", str(folder / "models"), "--batching", "--exit-with-parent"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as engine:
        assert engine.stdin is not None
        assert engine.stdout is not None
        assert json.loads(engine.stdout.readline())["state"] == "listening"
        yield path
        pid = model(path).pid
        engine.stdin.close()
        assert engine.wait(5) == 0
        assert pid is None or not alive(pid)


@pytest.fixture
async def http(socket_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.AsyncHTTPTransport(uds=str(socket_path))
    async with httpx.AsyncClient(
        transport=transport, base_url="http://engine", timeout=60
    ) as client:
        yield client


def model(socket_path: Path) -> EngineModel:
    found = EngineClient(str(socket_path)).models().model(NAME)
    assert found is not None
    return found


async def until(socket_path: Path, **wanted: Any) -> EngineModel:
    async with asyncio.timeout(20):
        while True:
            found = await asyncio.to_thread(model, socket_path)
            if all(getattr(found, key) == value for key, value in wanted.items()):
                return found
            await asyncio.sleep(0.02)


async def stream(http: httpx.AsyncClient, prompt: str, **fields: Any) -> AsyncIterator[str]:
    """The lines of a streamed answer that are not empty."""
    body = chat_body(prompt, model=NAME, stream=True, **fields)
    async with http.stream("POST", "/v1/chat/completions", json=body) as response:
        assert response.status_code == 200, await response.aread()
        async for line in response.aiter_lines():
            if line:
                yield line


async def lines_of(
    http: httpx.AsyncClient, prompt: str, lines: list[str] | None = None, **fields: Any
) -> list[str]:
    """All lines of an answer; `lines` gets them as they come."""
    lines = [] if lines is None else lines
    async for line in stream(http, prompt, **fields):
        lines.append(line)
    return lines


def text_of(lines: list[str]) -> str:
    events = [line.removeprefix("data: ") for line in lines if line.startswith("data: {")]
    choices = [json.loads(event)["choices"][0] for event in events if '"error"' not in event]
    return "".join(choice["delta"].get("content") or "" for choice in choices)


async def ask(http: httpx.AsyncClient, case: tiny_model.Case) -> str:
    body = chat_body(case.prompt, model=NAME)
    return content(await http.post("/v1/chat/completions", json=body))


async def test_it_works(http: httpx.AsyncClient, socket_path: Path) -> None:
    """The first request loads the model; streamed and whole answers are the model's own."""
    await asyncio.to_thread(EngineClient(str(socket_path)).unload, NAME)
    lines = await lines_of(http, tiny_model.PING.prompt)
    assert text_of(lines) == tiny_model.PING.answer
    assert lines[-1] == "data: [DONE]"
    assert await ask(http, tiny_model.UNICODE) == tiny_model.UNICODE.answer
    loaded = await until(socket_path, state="ready", active=0)
    assert loaded.parameters == 99_648
    assert loaded.context_length == tiny_model.CONTEXT_LENGTH
    assert loaded.memory_bytes > 1_000_000


async def test_kill_9_during_eight_streams(http: httpx.AsyncClient, socket_path: Path) -> None:
    """Each ends with an error event and no [DONE]; the next request gets its whole answer."""
    await ask(http, tiny_model.PING)
    restarts = (await until(socket_path, state="ready")).restarts
    heard: list[list[str]] = [[] for _ in range(8)]
    streams = [
        asyncio.create_task(lines_of(http, tiny_model.ENDLESS_PROMPT, lines, max_tokens=8000))
        for lines in heard
    ]
    worker = await until(socket_path, active=8, queued=0)
    async with asyncio.timeout(20):
        while not all(tiny_model.ENDLESS_UNIT.strip() in text_of(lines) for lines in heard):
            await asyncio.sleep(0.02)
    assert worker.pid is not None
    os.kill(worker.pid, signal.SIGKILL)
    for lines in await asyncio.gather(*streams):
        assert text_of(lines).startswith(tiny_model.ENDLESS_UNIT.strip())
        assert "[DONE]" not in lines[-1]
        error = json.loads(lines[-1].removeprefix("data: "))["error"]
        assert error["code"] == "worker_died"
    assert await ask(http, tiny_model.PING) == tiny_model.PING.answer
    after = await until(socket_path, state="ready", restarts=restarts + 1)
    assert after.pid != worker.pid


async def test_a_caller_that_leaves_frees_its_place(
    http: httpx.AsyncClient, socket_path: Path
) -> None:
    reading = stream(http, tiny_model.ENDLESS_PROMPT, max_tokens=8000)
    async for line in reading:
        if "tick" in line:
            break
    await until(socket_path, active=1)
    await reading.aclose()  # type: ignore[attr-defined]
    await until(socket_path, active=0, queued=0)
    assert await ask(http, tiny_model.HELLO) == tiny_model.HELLO.answer


async def test_a_broken_model_says_what_is_wrong_with_it(
    http: httpx.AsyncClient, socket_path: Path
) -> None:
    broken = socket_path.parent / "models" / "broken"
    broken.mkdir()
    (broken / "config.json").write_text("{}")
    response = await http.post(
        "/v1/chat/completions", json=chat_body("ping", model="broken", stream=False)
    )
    assert response.status_code == 503
    error = response.json()["error"]
    assert error["code"] == "model_failed"
    assert "No safetensors found" in error["message"]
    assert await ask(http, tiny_model.PING) == tiny_model.PING.answer
