"""Pictures, by the llama.cpp runtime with a made-up projector beside the tiny model."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from inference.local.store.adding import ModelStore
from inference.local.store.facts import read_facts
from inference.local.store.source import read_source
from tests.inference.local import gguf_file, projector_file
from tests.inference.local.worker_process import WorkerProcess

TOKENS_OF_PICTURE = (projector_file.IMAGE // projector_file.PATCH) ** 2


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `manage.py models add` puts it there."""
    folder = tmp_path_factory.mktemp("vision")
    gguf_file.write(folder / "tiny.gguf", quantized=False)
    projector_file.write(folder / "eyes.gguf")
    store = ModelStore(folder / "models", folder / "cache")
    source = read_source(str(folder / "tiny.gguf"))
    added = store.add(source, lambda step, share: None, "seeing", folder / "eyes.gguf")
    assert added.size_bytes > (folder / "tiny.gguf").stat().st_size
    return added.path


@pytest.fixture(scope="module")
def worker(model: Path) -> Iterator[WorkerProcess]:
    with WorkerProcess("--runtime", "llama_cpp", model_dir=model, name="seeing") as started:
        yield started


def url(picture: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(picture).decode()}"


def ask(worker: WorkerProcess, *pictures: str, **fields: Any) -> httpx.Response:
    parts: list[Any] = [{"type": "text", "text": "ping"}]
    parts += [{"type": "image_url", "image_url": {"url": one}} for one in pictures]
    body = {"messages": [{"role": "user", "content": parts}], "temperature": 0, "max_tokens": 4}
    return worker.client.post("/v1/chat/completions", json=body | fields)


def test_it_works(worker: WorkerProcess, model: Path) -> None:
    """A picture is read where it stands, counted, and changes what comes next."""
    assert "vision" in read_facts(model).capabilities
    without = ask(worker).json()["usage"]["prompt_tokens"]
    logprobs = []
    for size in (32, 20):
        picture = url(projector_file.png(size, size))
        answer = ask(worker, picture, logprobs=True, logit_bias={"2": -100})
        assert answer.status_code == 200, answer.text
        assert answer.json()["usage"]["prompt_tokens"] == without + TOKENS_OF_PICTURE
        logprobs.append(answer.json()["choices"][0]["logprobs"]["content"][0]["logprob"])
    assert logprobs[0] != logprobs[1]


def test_the_tokens_of_pictures_are_counted_before(worker: WorkerProcess) -> None:
    picture = {"type": "image_url", "image_url": {"url": url(projector_file.png())}}
    body = {"messages": [{"role": "user", "content": [picture, picture]}]}
    counted = worker.client.post("/v1/chat/completions/count", json=body).json()
    assert counted["prompt_tokens"] > 2 * TOKENS_OF_PICTURE


def test_what_is_no_picture_is_the_callers_fault(worker: WorkerProcess) -> None:
    answer = ask(worker, url(b"no picture at all"))
    assert answer.status_code == 400, answer.text
    assert "image" in answer.json()["error"]["message"]
    remote = ask(worker, "https://example.com/a.png")
    assert remote.json()["error"]["param"] == "messages[0].content[1].image_url.url"
    assert ask(worker).status_code == 200
