"""Embeddings and ranking by llama.cpp, over the tiny model with a pooling of its own."""

import base64
import math
from array import array
from collections.abc import Iterator

import pytest

from tests.inference.local import gguf_file
from tests.inference.local.worker_process import WorkerProcess, chat_body

MEAN, RANK = 1, 4


def worker_of(path: str, pooling: int, folder: pytest.TempPathFactory) -> WorkerProcess:
    file = folder.mktemp("gguf") / f"{path}.gguf"
    gguf_file.write(file, quantized=False, pooling=pooling)
    options = ("--runtime", "llama_cpp", "--max-batch", "2", "--queue-limit", "2")
    return WorkerProcess(*options, model_dir=file, name="tiny")


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WorkerProcess]:
    with worker_of("mean", MEAN, tmp_path_factory) as started:
        yield started


def test_it_works(embedder: WorkerProcess) -> None:
    """Floats and base64 are the same numbers, one text alone the same as among others."""
    texts = ["ping", "What is the capital of France?", "ping"] * 4
    body = {"model": "tiny", "input": texts}
    answer = embedder.client.post("/v1/embeddings", json=body).json()
    vectors = [one["embedding"] for one in answer["data"]]
    assert [one["index"] for one in answer["data"]] == list(range(len(texts)))
    assert vectors[0] == pytest.approx(vectors[2], abs=1e-5)
    assert vectors[0] != pytest.approx(vectors[1], abs=1e-2)
    assert math.hypot(*vectors[0]) == pytest.approx(1, abs=1e-4)
    assert answer["usage"]["prompt_tokens"] == answer["usage"]["total_tokens"] > len(texts)
    packed = embedder.client.post(
        "/v1/embeddings", json={"input": "ping", "encoding_format": "base64"}
    ).json()
    raw = base64.b64decode(packed["data"][0]["embedding"])
    assert array("f", raw).tolist() == pytest.approx(vectors[0], abs=1e-5)
    short = embedder.client.post("/v1/embeddings", json={"input": "ping", "dimensions": 3}).json()
    assert len(short["data"][0]["embedding"]) == 3


def test_refusals_say_what_to_do(embedder: WorkerProcess) -> None:
    long = embedder.client.post("/v1/embeddings", json={"input": ["ok", "ping " * 3000]})
    error = long.json()["error"]
    assert (long.status_code, error["code"]) == (400, "context_length_exceeded")
    chat = embedder.client.post("/v1/chat/completions", json=chat_body("ping"))
    assert chat.json()["error"]["code"] == "model_serves_other"
    ranked = embedder.client.post("/v1/rerank", json={"query": "a", "documents": ["b"]})
    assert ranked.json()["error"]["code"] == "model_serves_other"
    other = embedder.client.post("/v1/embeddings", json={"input": "a", "model": "other"})
    assert other.status_code == 404


def test_documents_are_ranked(tmp_path_factory: pytest.TempPathFactory) -> None:
    with worker_of("rank", RANK, tmp_path_factory) as worker:
        documents = ["pong", "hello there", "Paris", "x"] * 4
        body = {"query": "ping", "documents": documents, "top_n": 3, "return_documents": True}
        answer = worker.client.post("/v1/rerank", json=body).json()
        scores = [one["relevance_score"] for one in answer["results"]]
        assert scores == sorted(scores, reverse=True)
        assert len(scores) == 3
        assert all(documents[one["index"]] == one["document"]["text"] for one in answer["results"])
        assert answer["usage"]["total_tokens"] > len(documents)
        assert worker.client.post("/v1/embeddings", json={"input": "a"}).status_code == 400
