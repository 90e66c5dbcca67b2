"""Batched against direct inference on this machine: `python -m benchmarks.batching`.

Eight callers at once stream from a real worker process, first direct, then batched, in one run.
Without `--model` the model is a Llama of 64 million random 32-bit weights, made on the spot: speed
does not depend on what the weights say. Exit code 1 when batching brings less than `--bar` times
the tokens per second, or its last caller's first token does not come that much sooner.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from inference.local.environment import find_openblas
from tests.inference.local import tiny_model
from tests.inference.local.worker_process import ROOT, WorkerProcess, chat_body

PROMPT = "Tell me a story. " * 4
END_TOKEN = "2"


@dataclass(frozen=True)
class Round:
    """What all callers of one round saw together; seconds."""

    tokens_per_second: float
    last_first_token: float
    steps: int


def make_model(folder: Path) -> None:
    """Random weights with the tiny test model's tokenizer. Runs in a process of its own."""
    import mlx.core as mx
    from mlx.utils import tree_flatten
    from mlx_lm.models.llama import Model, ModelArgs

    config = json.loads((tiny_model.PATH / "config.json").read_text())
    config |= {"hidden_size": 768, "intermediate_size": 2048, "num_hidden_layers": 9}
    config |= {"num_attention_heads": 12, "num_key_value_heads": 12}
    for file in tiny_model.PATH.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "config.json").write_text(json.dumps(config))
    mx.random.seed(0)
    arguments: Any = ModelArgs
    weights = dict(tree_flatten(Model(arguments.from_dict(config)).parameters()))
    mx.save_safetensors(str(folder / "model.safetensors"), weights, {"format": "mlx"})


async def one_caller(client: httpx.AsyncClient, tokens: int) -> tuple[float, int]:
    """Moment of the first token, and how many tokens came."""
    body = chat_body(PROMPT, stream=True, max_tokens=tokens, logit_bias={END_TOKEN: -100})
    body["stream_options"] = {"include_usage": True}
    first, count = 0.0, 0
    async with client.stream("POST", "/v1/chat/completions", json=body) as response:
        async for line in response.aiter_lines():
            if not line.startswith("data: {"):
                continue
            chunk = json.loads(line.removeprefix("data: "))
            if not first and chunk["choices"] and chunk["choices"][0]["delta"].get("content"):
                first = time.perf_counter()
            count = (chunk.get("usage") or {}).get("completion_tokens", count)
    return first, count


async def one_round(worker: WorkerProcess, callers: int, tokens: int) -> Round:
    """All callers at once."""
    before = worker.health()["steps"]
    async with worker.async_client() as client:
        client.timeout = httpx.Timeout(600)
        start = time.perf_counter()
        results = await asyncio.gather(*(one_caller(client, tokens) for _ in range(callers)))
        took = time.perf_counter() - start
    return Round(
        sum(count for _, count in results) / took,
        max(first for first, _ in results) - start,
        worker.health()["steps"] - before,
    )


def measure(model: Path, options: argparse.Namespace, *flags: str) -> Round:
    """The medians of some rounds with a worker of its own, after one to warm up."""
    with WorkerProcess(*flags, model_dir=model, openblas=True) as worker:
        asyncio.run(one_round(worker, 1, 4))
        rounds = [
            asyncio.run(one_round(worker, options.callers, options.tokens))
            for _ in range(options.rounds)
        ]
    return Round(
        statistics.median(r.tokens_per_second for r in rounds),
        statistics.median(r.last_first_token for r in rounds),
        rounds[0].steps,
    )


def main() -> int:
    """Print both, and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, help="a model folder to measure instead")
    parser.add_argument("--callers", type=int, default=8)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--bar", type=float, default=3.0)
    parser.add_argument("--make-model", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.make_model:
        make_model(options.make_model)
        return 0
    print(f"OpenBLAS: {find_openblas() or 'not found (apt install libopenblas0-pthread)'}")
    with tempfile.TemporaryDirectory() as name:
        model = options.model or Path(name)
        if not options.model:
            command = [sys.executable, "-m", "benchmarks.batching", "--make-model", name]
            subprocess.run(command, cwd=ROOT, check=True)
        print(f"{options.callers} callers, {options.tokens} tokens each")
        print(f"{'':8} {'tokens/s':>9} {'last first token, s':>20} {'steps':>6}")
        rounds = {}
        for mode, flags in (("direct", []), ("batched", ["--batching"])):
            flags += ["--max-batch", str(options.callers)]
            rounds[mode] = r = measure(model, options, *flags)
            print(f"{mode:8} {r.tokens_per_second:9.1f} {r.last_first_token:20.2f} {r.steps:6}")
    direct, batched = rounds["direct"], rounds["batched"]
    faster = batched.tokens_per_second / direct.tokens_per_second
    sooner = direct.last_first_token / batched.last_first_token
    met = min(faster, sooner) >= options.bar
    print(f"{'ratio':8} {faster:9.1f} {sooner:20.1f}")
    print(f"{'met' if met else 'NOT met'}: at least {options.bar:g} times in both")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
