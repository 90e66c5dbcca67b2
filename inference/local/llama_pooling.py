"""Models of llama.cpp that write no text: embeddings, and rerankers."""

from __future__ import annotations

import argparse
import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NoReturn, TypeVar

from inference.local import pooling, validation
from inference.local.admission import Admission, Reservation
from inference.local.generation import InvalidGeneration
from inference.local.gguf_header import Header
from inference.local.llama_library import xllamacpp
from inference.local.llama_params import common_params, inner_socket
from inference.local.memory import resident_memory
from inference.local.pooling import serves_other
from inference.local.running import GenerationFailed
from inference.local.scheduler import Stats
from inference.local.store.facts import RERANK, FileFacts
from inference.local.wire import Json

MOST_TOKENS: Final = 4096
"""Of one text: such a model computes all of it in one step, with memory for that."""
_AT_ONCE: Final = 8
"""Texts between two looks at whether the caller is still there."""
T = TypeVar("T")


def assemble_pooling(
    options: argparse.Namespace, header: Header, facts: FileFacts
) -> tuple[PoolingModel, dict[str, Any]]:
    """The model, once it has read a text."""
    context = min(facts.context_length or MOST_TOKENS, options.max_context or MOST_TOKENS)
    context = min(context, MOST_TOKENS)
    params = common_params(options, inner_socket(options), context, context)
    params.embedding = True
    if facts.serves == RERANK:
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_RANK
    model = PoolingModel(xllamacpp.Server(params), facts, context, options)
    model.warm_up()
    ready = {
        "memory_bytes": resident_memory() or 0,
        "parameters": facts.parameters,
        "context_length": context,
    }
    return model, ready


class PoolingModel:
    """A loaded GGUF file. A request has a thread while it runs, one text after the other."""

    def __init__(
        self, server: Any, facts: FileFacts, context: int, options: argparse.Namespace
    ) -> None:
        self.name, self.context_length = options.name, context
        self._facts = facts
        self._server = server
        self._admission = Admission(options.max_batch, 1, options.queue_limit)
        self._threads = ThreadPoolExecutor(options.max_batch, "pooling")
        self._ended = threading.Event()
        self._steps = 0

    def warm_up(self) -> None:
        """Raises what keeps the model from working."""
        if self._facts.serves == RERANK:
            self._scores("1", ["2"])
        else:
            self._embedded(["1 2 3"])

    @property
    def stats(self) -> Stats:
        return Stats(
            active=self._admission.active,
            queued=self._admission.queued,
            steps=self._steps,
            mode="batched",
            memory_bytes=resident_memory() or 0,
        )

    def run(self) -> None:
        self._ended.wait()

    def stop(self) -> None:
        self._ended.set()

    async def chat(self, raw: bytes, rank: int) -> NoReturn:
        raise serves_other(self.name, f"is for {self._facts.serves} and writes no text")

    async def completion(self, raw: bytes, rank: int) -> NoReturn:
        raise serves_other(self.name, f"is for {self._facts.serves} and writes no text")

    async def count(self, raw: bytes) -> NoReturn:
        raise serves_other(self.name, f"is for {self._facts.serves} and writes no text")

    async def embed(self, raw: bytes, rank: int) -> Json:
        if self._facts.serves == RERANK:
            raise serves_other(self.name, "ranks documents and gives no embeddings")
        body = validation.read_body(raw)
        validation.check_model(body, self.name)
        request = pooling.read_embedding(body, self._facts.dimensions)
        parts = [list(request.inputs[at : at + _AT_ONCE]) for at in _starts(request.inputs)]
        answers = await self._in_turn(rank, parts, self._embedded)
        found = [pooling.embedding(one, request) for packed, _ in answers for one in packed]
        return pooling.embeddings(self.name, found, sum(tokens for _, tokens in answers))

    async def rerank(self, raw: bytes, rank: int) -> Json:
        if self._facts.serves != RERANK:
            raise serves_other(self.name, "gives embeddings and ranks nothing")
        body = validation.read_body(raw)
        validation.check_model(body, self.name)
        request = pooling.read_rerank(body)
        documents = request.documents
        parts = [list(documents[at : at + _AT_ONCE]) for at in _starts(documents)]
        answers = await self._in_turn(rank, parts, lambda one: self._scores(request.query, one))
        scores = [score for some, _ in answers for score in some]
        return pooling.ranking(self.name, request, scores, sum(tokens for _, tokens in answers))

    async def _in_turn(self, rank: int, parts: Sequence[T], work: Callable[[T], Any]) -> list[Any]:
        """Part by part, once it is this request's turn; a caller who leaves ends it between two."""
        place = Reservation(1, 0)
        self._admission.enter(place, rank)
        loop = asyncio.get_running_loop()
        try:
            await place.granted
            return [await loop.run_in_executor(self._threads, work, part) for part in parts]
        finally:
            self._admission.leave(place)

    def _embedded(self, inputs: list[Any]) -> tuple[list[str], int]:
        """On a thread: each in base64, and how many tokens they have."""
        answer = self._server.handle_embeddings({"input": inputs, "encoding_format": "base64"})
        self._steps += 1
        if "data" not in answer:
            raise self._failure(answer, "input")
        ordered = sorted(answer["data"], key=lambda one: one["index"])
        return [one["embedding"] for one in ordered], answer["usage"]["prompt_tokens"]

    def _scores(self, query: str, documents: list[str]) -> tuple[list[float], int]:
        """On a thread: how relevant each is."""
        answer = self._server.handle_rerank({"query": query, "documents": documents})
        self._steps += 1
        if "results" not in answer:
            raise self._failure(answer, "documents")
        scores = {one["index"]: one["relevance_score"] for one in answer["results"]}
        found = [float(scores[place]) for place in range(len(documents))]
        return found, answer["usage"]["prompt_tokens"]

    def _failure(self, answer: Json, param: str) -> Exception:
        error = answer.get("error", answer)
        words = str(error.get("message"))[:300]
        if "context size" in words or "too large to process" in words:
            return InvalidGeneration(
                f"This model reads at most {self.context_length} tokens of a text at a time, and "
                "one has more.",
                param,
                "context_length_exceeded",
            )
        if error.get("code") == 400:
            return InvalidGeneration(f"The model refuses this request: {words}", param)
        return GenerationFailed(f"The model failed: {words}")


def _starts(items: Sequence[Any]) -> range:
    return range(0, len(items), _AT_ONCE)
