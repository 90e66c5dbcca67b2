"""The embedded model as llama.cpp serves it says what its weights say."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference.local.weights import GGUF_NAME, ensure_smollm2
from tests.inference.local.worker_process import WorkerProcess, content

REFERENCE = json.loads(Path(__file__).with_name("smollm2_f32.json").read_text())
"""The likeliest tokens after some prompts, with their log probabilities: llama.cpp over the same
weights in 32 bits, where nothing is rounded."""


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    models = tmp_path_factory.mktemp("data") / "models"
    ensure_smollm2(models, lambda step, share: None, runtimes=["llama_cpp"])
    model = models / f"{GGUF_NAME}.gguf"
    with WorkerProcess("--runtime", "llama_cpp", model_dir=model, name="light") as started:
        yield started


def test_it_knows_the_capital_of_france(worker: WorkerProcess) -> None:
    assert content(worker.chat("What is the capital of France?")) == (
        "The capital of France is Paris."
    )


def test_log_probabilities_are_those_of_32_bits(worker: WorkerProcess) -> None:
    off = []
    for case in REFERENCE:
        body = {"prompt": case["prompt"], "max_tokens": 1, "temperature": 0, "logprobs": 5}
        (choice,) = worker.client.post("/v1/completions", json=body).json()["choices"]
        said = choice["logprobs"]["top_logprobs"][0]
        off += [
            abs(said.get(token, -99) - wanted) for token, wanted in list(case["top"].items())[:4]
        ]
    assert max(off) < 0.1


TOOL = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "maxLength": 20}},
            "required": ["city"],
        },
    },
}


def test_a_demanded_call_comes_though_its_template_knows_no_tools(worker: WorkerProcess) -> None:
    prompt, fields = "What is the weather in Paris?", {"tools": [TOOL], "max_tokens": 80}
    (choice,) = worker.chat(prompt, tool_choice="required", **fields).json()["choices"]
    (call,) = choice["message"]["tool_calls"]
    assert call["function"]["name"] == "get_weather"
    assert set(json.loads(call["function"]["arguments"])) == {"city"}
    assert choice["finish_reason"] == "tool_calls"
    counted = [
        worker.chat(prompt, max_tokens=1, **more).json()["usage"]["prompt_tokens"]
        for more in ({}, {"tools": [TOOL]})
    ]
    assert counted[1] > counted[0] + 40
