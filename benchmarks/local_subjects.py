"""Who serves the local model: the service, and the libraries behind it by themselves.

`python -m benchmarks.local_subjects NAME MODEL` is one of the raw libraries, in its own process.
It measures the rows that it reads from its standard input, a line of JSON each.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx

from benchmarks.local_figures import ROWS, Effort, Heard, Messages, Served, prefill_speed
from benchmarks.service import ROOT, environment, free_port
from inference.local.client import EngineClient
from inference.local.environment import worker_environment
from tests.support.installation import Installation


class Subject(Protocol):
    """Someone whose figures are measured, row by row."""

    @property
    def pids(self) -> Sequence[int]: ...

    def speed(self) -> float:
        """Prompt tokens a second."""
        ...

    def row(self, name: str, effort: Effort, place: int) -> dict[str, float]: ...


class Near:
    """Measured from this process."""

    def __init__(self, served: Served) -> None:
        self._served = served

    @property
    def pids(self) -> Sequence[int]:
        return self._served.pids

    def speed(self) -> float:
        return prefill_speed(self._served)

    def row(self, name: str, effort: Effort, place: int) -> dict[str, float]:
        return ROWS[name](self._served, effort, place)


class OverHttp:
    """Chat completions of any server."""

    def __init__(self, url: str, model: str, pids: Sequence[int], key: str = "") -> None:
        self.pids = pids
        self._model = model
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=240)

    def ask(self, messages: Messages, max_tokens: int) -> Heard:
        body = {
            "model": self._model,
            "messages": messages,
            "max_tokens": max_tokens,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        began = time.monotonic()
        moments: list[float] = []
        text, tokens = "", 0
        with self._client.stream("POST", "/v1/chat/completions", json=body) as answer:
            answer.raise_for_status()
            for line in answer.iter_lines():
                if not line.startswith("data: {"):
                    continue
                chunk = json.loads(line.removeprefix("data: "))
                tokens = (chunk.get("usage") or {}).get("completion_tokens", tokens)
                piece = "".join(
                    one["delta"].get("content") or "" for one in chunk.get("choices", ())
                )
                if piece:
                    moments.append(time.monotonic() - began)
                    text += piece
        return Heard(moments or [time.monotonic() - began], text, tokens)


class RawLlama:
    """xllamacpp in this process, as the worker sets it up."""

    def __init__(self, model: Path) -> None:
        from inference.local.gguf_header import read_header
        from inference.local.llama_library import xllamacpp
        from inference.local.llama_params import common_params, inner_socket
        from inference.local.llama_sizes import cache_tokens
        from inference.local.llama_steps import loaded
        from inference.local.measured import Measured

        self.pids = [os.getpid()]
        header = read_header(model)
        folder = Path(tempfile.mkdtemp())
        options = argparse.Namespace(model_dir=model, max_batch=8, socket=folder / "s.sock")
        tokens = cache_tokens(header, header.context_length, 8)

        def load(step: int) -> Any:
            params = common_params(options, inner_socket(options), tokens, step)
            params.cache_ram_mib = 128
            return xllamacpp.Server(params)

        self._server, _ = loaded(header, Measured(None, "", ""), load)

    def ask(self, messages: Messages, max_tokens: int) -> Heard:
        began = time.monotonic()
        moments: list[float] = []
        parts: list[str] = []
        counted = [0]

        def hear(chunk: dict[str, Any]) -> bool:
            counted[0] = (chunk.get("usage") or {}).get("completion_tokens", counted[0])
            for one in chunk.get("choices", ()):
                if piece := one["delta"].get("content"):
                    moments.append(time.monotonic() - began)
                    parts.append(piece)
            return False

        body = {"messages": messages, "max_tokens": max_tokens, "temperature": 0, "stream": True}
        body |= {"stream_options": {"include_usage": True}, "cache_prompt": True}
        self._server.handle_chat_completions(body, hear)
        return Heard(moments or [time.monotonic() - began], "".join(parts), counted[0])


class RawMlx:
    """mlx-lm's own loop in this process, without any cache of prompts; callers take turns."""

    def __init__(self, model: Path) -> None:
        import mlx.core as mx
        from mlx_lm.utils import load

        self.pids = [os.getpid()]
        loaded: Any = load(str(model))
        self._model, self._tokenizer = loaded[0], loaded[1]
        self._model.set_dtype(mx.float32)
        self._turn = threading.Lock()

    def ask(self, messages: Messages, max_tokens: int) -> Heard:
        from mlx_lm.generate import stream_generate
        from mlx_lm.sample_utils import greedy_sampler

        began = time.monotonic()
        prompt = self._tokenizer.apply_chat_template(messages, add_generation_prompt=True)
        moments, text = [], ""
        with self._turn:
            for piece in stream_generate(
                self._model,
                self._tokenizer,
                prompt,
                max_tokens=max_tokens,
                sampler=greedy_sampler,
            ):
                moments.append(time.monotonic() - began)
                text += piece.text
        return Heard(moments, text, len(moments))


@contextmanager
def service(model: str, data_dir: Path, **settings: str) -> Iterator[OverHttp]:
    """The service as `make run` sets it up; `model` as requests name it."""
    with Installation(data_dir, wait=300, **settings) as running:
        engine = EngineClient(str(data_dir / "run" / "engine.sock"))
        caller = OverHttp(running.url, model, [], running.api_key)
        caller.ask([{"role": "user", "content": "Hello."}], 2)
        caller.pids = [one.pid for one in engine.models().models if one.pid]
        for one in engine.models().models:
            if one.pid and not model.endswith(f"/{one.name}"):
                engine.unload(one.name)
        loaded = engine.models().model(model.partition("/")[2])
        caller.pids = [loaded.pid] if loaded and loaded.pid else []
        yield caller


@contextmanager
def mlx_server(model: Path) -> Iterator[OverHttp]:
    """`mlx_lm.server`, with the same BLAS that our workers get."""
    port = free_port()
    command = [sys.executable, "-m", "mlx_lm", "server", "--model", str(model)]
    with subprocess.Popen(
        [*command, "--port", str(port)],
        env=worker_environment(environment()),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(url)
            yield OverHttp(url, "default_model", [process.pid])
        finally:
            process.terminate()


def _wait_for(url: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/health").status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.2)
    raise RuntimeError(f"nothing answers at {url}")


RAW: dict[str, type[RawLlama] | type[RawMlx]] = {"llama": RawLlama, "mlx": RawMlx}


class Apart:
    """A raw library, which measures itself in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.pids = [process.pid]

    def speed(self) -> float:
        return float(self._asked({"speed": True})["speed"])

    def row(self, name: str, effort: Effort, place: int) -> dict[str, float]:
        return self._asked({"row": name, "effort": effort.as_json(), "place": place})

    def _asked(self, question: dict[str, Any]) -> dict[str, float]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"the raw library ended with status {self._process.wait()}")
        answer: dict[str, float] = json.loads(line)
        return answer


@contextmanager
def raw(name: str, model: Path) -> Iterator[Apart]:
    command = [sys.executable, "-m", "benchmarks.local_subjects", name, str(model)]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=worker_environment(environment()),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Apart(process)
        finally:
            process.kill()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=RAW)
    parser.add_argument("model", type=Path)
    options = parser.parse_args()
    # Whatever the libraries print goes to standard error.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    subject = Near(RAW[options.name](options.model))
    for line in sys.stdin:
        question = json.loads(line)
        if "speed" in question:
            answer = {"speed": subject.speed()}
        else:
            effort = Effort(**question["effort"])
            answer = subject.row(question["row"], effort, question["place"])
        answers.write(json.dumps(answer) + "\n")
        answers.flush()
    os._exit(0)


if __name__ == "__main__":
    main()
