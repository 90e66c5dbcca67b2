"""Who serves the local model: the service, and the libraries behind it by themselves.

`python -m benchmarks.local_subjects NAME MODEL ...` measures one of the raw libraries in a process
of its own and prints its figures as JSON.
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
from typing import Any

import httpx

from benchmarks.local_figures import Heard, LocalFigures, Messages, measure
from benchmarks.service import ROOT, environment, free_port
from inference.local.client import EngineClient
from inference.local.environment import worker_environment
from tests.support.installation import Installation


class OverHttp:
    """Chat completions of any server."""

    def __init__(self, url: str, model: str, pids: Sequence[int], key: str = "") -> None:
        self.pids = pids
        self._model = model
        headers = {"authorization": f"Bearer {key}"} if key else {}
        self._client = httpx.Client(base_url=url, headers=headers, timeout=600)

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
        from inference.local.llama_params import common_params, cores, inner_socket
        from inference.local.llama_sizes import cache_tokens, prefill_step

        self.pids = [os.getpid()]
        header = read_header(model)
        folder = Path(tempfile.mkdtemp())
        options = argparse.Namespace(model_dir=model, max_batch=8, socket=folder / "s.sock")
        tokens = cache_tokens(header, header.context_length, 8)
        step = prefill_step(header, cores())
        params = common_params(options, inner_socket(options), tokens, step)
        params.cache_ram_mib = 128
        import xllamacpp

        self._server = xllamacpp.Server(params)

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


def raw(name: str, model: Path, options: argparse.Namespace) -> LocalFigures:
    """The figures of a library, measured in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.local_subjects", name, str(model)]
    command += ["--rounds", str(options.rounds), "--tokens", str(options.tokens)]
    command += ["--sentences", str(options.sentences)]
    done = subprocess.run(
        command, cwd=ROOT, env=worker_environment(environment()), capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return LocalFigures(**json.loads(done.stdout.splitlines()[-1]))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=RAW)
    parser.add_argument("model", type=Path)
    for option in ("rounds", "tokens", "sentences"):
        parser.add_argument(f"--{option}", type=int, required=True)
    options = parser.parse_args()
    figures = measure(
        RAW[options.name](options.model),
        rounds=options.rounds,
        tokens=options.tokens,
        sentences=options.sentences,
    )
    print(json.dumps(figures.as_json()), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
