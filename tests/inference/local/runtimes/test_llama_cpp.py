"""The llama.cpp runtime behind its worker's socket, over the tiny model as a GGUF file."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.inference.local import gguf_file
from tests.inference.local.worker_process import WorkerProcess, chat_body, content


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    path = tmp_path_factory.mktemp("gguf") / "tiny.gguf"
    gguf_file.write(path, quantized=False)
    options = ("--runtime", "llama_cpp", "--max-batch", "4", "--queue-limit", "2")
    with WorkerProcess(*options, model_dir=path, name="tiny") as started:
        yield started


def test_it_works(worker: WorkerProcess) -> None:
    ready = worker.lines[-1]
    assert ready["memory_bytes"] > 10**6
    assert ready["parameters"] > 10_000
    answer = worker.chat("ping")
    assert content(answer) == "pong"
    body = answer.json()
    assert (body["model"], body["object"]) == ("tiny", "chat.completion")
    usage = body["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_a_stream_says_the_same(worker: WorkerProcess) -> None:
    chunks = list(worker.stream("ping", stream_options={"include_usage": True}))
    assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    said = [one["choices"][0]["delta"].get("content", "") for one in chunks if one["choices"]]
    assert "".join(said) == "pong"
    assert chunks[-1]["choices"] == []
    assert chunks[-1]["usage"]["completion_tokens"] > 0
    assert {one["object"] for one in chunks} == {"chat.completion.chunk"}
    assert not any("timings" in one or "prompt_progress" in one for one in chunks)
    assert "usage" not in str(list(worker.stream("ping")))


def test_what_is_in_the_cache_is_counted(worker: WorkerProcess) -> None:
    worker.chat("ping")
    usage = worker.chat("ping").json()["usage"]
    assert usage["prompt_tokens_details"]["cached_tokens"] > 0


def test_several_choices_log_probabilities_and_stops(worker: WorkerProcess) -> None:
    body = worker.chat("ping", n=2, logprobs=True, top_logprobs=2).json()
    assert [one["message"]["content"] for one in body["choices"]] == ["pong", "pong"]
    token = body["choices"][0]["logprobs"]["content"][0]
    assert token["logprob"] <= 0
    assert len(token["top_logprobs"]) == 2
    stopped = worker.chat("ping", stop=["ng"])
    assert content(stopped) == "po"
    assert stopped.json()["choices"][0]["stop_reason"] == "ng"


def test_log_probabilities_come_without_alternatives_unless_they_are_asked_for(
    worker: WorkerProcess,
) -> None:
    token = worker.chat("ping", logprobs=True).json()["choices"][0]["logprobs"]["content"][0]
    assert token["logprob"] <= 0
    assert token["top_logprobs"] == []
    body = {"prompt": "ping", "max_tokens": 2, "temperature": 0, "logprobs": 0}
    (choice,) = worker.client.post("/v1/completions", json=body).json()["choices"]
    assert choice["logprobs"]["token_logprobs"][0] <= 0
    assert not any(choice["logprobs"]["top_logprobs"])


def test_a_seed_repeats_an_answer(worker: WorkerProcess) -> None:
    said = [content(worker.chat("hello", seed=7, temperature=1.5)) for _ in range(2)]
    assert said[0] == said[1]


def test_an_answer_is_held_to_a_schema(worker: WorkerProcess) -> None:
    schema = {"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"]}
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    said = content(worker.chat("ping", response_format=form, max_tokens=60))
    assert json.loads(said)["n"] in (1, 2)


@pytest.mark.parametrize("field", ["top_a", "typical_p", "guided_json", "xtc_probability"])
def test_what_it_cannot_do_is_refused_by_name(worker: WorkerProcess, field: str) -> None:
    answer = worker.chat("ping", **{field: 0.5})
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == field


def test_samplers_that_other_protocols_lack_work(worker: WorkerProcess) -> None:
    answer = worker.chat("ping", temperature=2, top_k=1, min_p=0.1, repetition_penalty=1.0)
    assert content(answer) == "pong"


def test_refusals_name_what_is_wrong(worker: WorkerProcess) -> None:
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": {"type": "nope"}}}
    answer = worker.chat("ping", response_format=form)
    assert answer.status_code == 400
    assert "nope" in answer.json()["error"]["message"]
    answer = worker.chat("ping", model="other")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "model_not_found")


def test_a_prompt_over_the_context_is_refused_before_it_is_read(worker: WorkerProcess) -> None:
    error = worker.chat("ping " * 4000).json()["error"]
    assert (error["code"], error["param"]) == ("context_length_exceeded", "messages")


def test_a_prompt_whose_tokens_were_not_counted_takes_up_what_it_has(
    worker: WorkerProcess,
) -> None:
    """Room is kept for as many tokens as it has characters, until llama.cpp tells their number."""
    text = "ping " * 300
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: worker.chat(text, max_tokens=40), range(4)))
    assert [one.status_code for one in answers] == [200] * 4
    worker.wait_until_idle()


def test_the_tokens_of_a_prompt_are_counted(worker: WorkerProcess) -> None:
    body = chat_body("ping")
    counted = worker.client.post("/v1/chat/completions/count", json=body).json()
    assert counted["prompt_tokens"] == worker.chat("ping").json()["usage"]["prompt_tokens"]


def test_a_begun_answer_is_continued(worker: WorkerProcess) -> None:
    messages = [{"role": "user", "content": "ping"}, {"role": "assistant", "content": "pon"}]
    answer = worker.client.post(
        "/v1/chat/completions", json={**chat_body(""), "messages": messages}
    )
    assert content(answer) == "g"


def test_legacy_completions_have_their_own_log_probabilities(worker: WorkerProcess) -> None:
    body = {"prompt": "ping", "max_tokens": 3, "temperature": 0, "logprobs": 2}
    (choice,) = worker.client.post("/v1/completions", json=body).json()["choices"]
    assert choice["finish_reason"] in ("stop", "length")
    logprobs = choice["logprobs"]
    assert "".join(logprobs["tokens"]) == choice["text"]
    assert len(logprobs["text_offset"]) == len(logprobs["token_logprobs"])


async def test_more_than_its_slots_wait_and_more_than_its_queue_are_refused(
    worker: WorkerProcess,
) -> None:
    async with worker.async_client() as client:
        body = chat_body("ping", n=4)

        async def one() -> httpx.Response:
            return await client.post("/v1/chat/completions", json=body)

        answers = await asyncio.gather(*(one() for _ in range(8)))
    codes = [answer.status_code for answer in answers]
    assert codes.count(200) >= 3
    assert set(codes) <= {200, 429}
    assert all("retry-after" in one.headers for one in answers if one.status_code == 429)
    worker.wait_until_idle()


def test_a_caller_who_leaves_frees_its_place(worker: WorkerProcess) -> None:
    """Also while the prompt is read: what is under way ends with the batch under way."""
    body = chat_body("ping " * 300, stream=True, max_tokens=2000, logit_bias={"2": -100})
    with worker.client.stream("POST", "/v1/chat/completions", json=body):
        worker.wait_for(lambda health: health["active"] == 1)
    worker.wait_until_idle()


def test_the_worker_ends_on_sigterm(worker: WorkerProcess, tmp_path: Any) -> None:
    path = tmp_path / "tiny.gguf"
    gguf_file.write(path, quantized=False)
    with WorkerProcess("--runtime", "llama_cpp", model_dir=path, name="tiny") as other:
        threading.Timer(0.1, other.process.terminate).start()
        began = time.monotonic()
        assert other.process.wait(10) == 0
        assert time.monotonic() - began < 10


def test_a_broken_file_is_said_in_a_sentence(tmp_path: Any) -> None:
    path = tmp_path / "broken.gguf"
    path.write_bytes(b"GGUF nothing of it")
    other = WorkerProcess("--runtime", "llama_cpp", model_dir=path, name="broken")
    other.start()
    assert other.lines[-1]["state"] == "failed"
    assert "GGUF" in other.lines[-1]["reason"]
    other.end()


def test_a_schema_that_would_not_hold_is_refused_by_name(worker: WorkerProcess) -> None:
    schema = {"type": "array", "items": {"type": "number"}, "uniqueItems": True}
    form = {"type": "json_schema", "json_schema": {"name": "n", "schema": schema}}
    error = worker.chat("ping", response_format=form).json()["error"]
    assert error["code"] == "unsupported_schema"
    assert "uniqueItems" in error["message"]


def test_a_long_prompt_that_is_read_in_portions_counts_as_one(worker: WorkerProcess) -> None:
    """Its step is 512 tokens at the most, so this prompt has more than two."""
    text = "marmalade " * 250
    first = worker.chat(text, max_tokens=4)
    usage = first.json()["usage"]
    assert usage["prompt_tokens"] > 1100
    assert usage["prompt_tokens_details"]["cached_tokens"] < 100
    again = worker.chat(text, max_tokens=4)
    assert content(again) == content(first)
    assert again.json()["usage"]["prompt_tokens_details"]["cached_tokens"] > 1100
