"""llama.cpp, by the bindings of xllamacpp: any GGUF file, on every CPU.

llama.cpp batches, keeps prompts in its cache, holds answers to a grammar and reads tool calls by
itself. This file stands in front of it: requests are checked and counted before they reach it, wait
by priority, and long prompts are read in portions.
"""

from __future__ import annotations

import argparse
import asyncio
import threading
import time
import uuid
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NoReturn

import msgspec

from inference.local import validation
from inference.local.admission import Admission, Reservation
from inference.local.generation import (
    DEFAULT_MAX_TOKENS,
    Abilities,
    ChatGeneration,
    GenerationRequest,
    InvalidGeneration,
    Sampling,
)
from inference.local.gguf_header import Header, read_header
from inference.local.llama_answering import Answering, Handle
from inference.local.llama_generation import LlamaGeneration
from inference.local.llama_inner import InnerServer
from inference.local.llama_library import xllamacpp
from inference.local.llama_params import common_params, cores, inner_path, inner_socket
from inference.local.llama_pooling import PoolingModel, assemble_pooling
from inference.local.llama_prompt import has_pictures, most_of_chat, most_of_text
from inference.local.llama_reading import PromptReader, PromptReading
from inference.local.llama_request import chat_body, generation_body
from inference.local.llama_schema import check_forms
from inference.local.llama_sizes import cache_tokens
from inference.local.llama_steps import loaded
from inference.local.llama_tools import as_text
from inference.local.measured import Measured, mark_of
from inference.local.memory import resident_memory
from inference.local.pooling import serves_other
from inference.local.scheduler import Stats
from inference.local.store.facts import EMBEDDINGS, RERANK, of_gguf
from inference.local.store.projector import projector_of
from inference.local.wire import Json

PROMPT_CACHE_MIB: Final = 128
"""Prompts of callers who left, kept beside the slots."""

Progress = Callable[[str, float], None]


def assemble(
    options: argparse.Namespace, progress: Progress
) -> tuple[LlamaCppModel | PoolingModel, dict[str, Any]]:
    """The model, once it has generated a token, or read a text if it writes none."""
    header = read_header(options.model_dir)
    facts = of_gguf(header)
    progress("reading the weights", 0.1)
    if facts.serves in (EMBEDDINGS, RERANK):
        return assemble_pooling(options, header, facts)
    context = min(header.context_length, options.max_context or header.context_length)
    tokens = cache_tokens(header, context, options.max_batch)
    projector = projector_of(options.model_dir)

    def load(step: int) -> Any:
        params = common_params(options, inner_socket(options), tokens, step, projector)
        params.cache_ram_mib = PROMPT_CACHE_MIB
        return xllamacpp.Server(params)

    mark = mark_of(options.model_dir, cores(), xllamacpp.__version__)
    server, step = loaded(header, Measured(options.measured, options.name, mark), load)
    progress("warming up", 0.95)
    knows_tools = "tools" in header.metadata.get("tokenizer.chat_template", "")
    limits = _Facts(
        options.name,
        min(context, tokens),
        _sampling(header),
        knows_tools,
        reads_images=projector is not None,
    )
    model = LlamaCppModel(server, step, limits, options, tokens)
    model.warm_up()
    ready = {
        "memory_bytes": resident_memory() or 0,
        "parameters": facts.parameters,
        "context_length": limits.context_length,
    }
    return model, ready


def _sampling(header: Header) -> Sampling:
    """What the file recommends for those who ask for nothing, else llama.cpp's own."""
    found = header.metadata
    return Sampling(
        temperature=float(found.get("general.sampling.temp", 0.8)),
        top_p=float(found.get("general.sampling.top_p", 0.95)),
    )


class _Facts(msgspec.Struct, frozen=True):
    name: str
    context_length: int
    defaults: Sampling
    template_knows_tools: bool
    reads_images: bool


class LlamaCppModel:
    """A loaded GGUF file. Requests come on the event loop; each has a thread while it runs."""

    def __init__(
        self,
        server: Any,
        step: int,
        facts: _Facts,
        options: argparse.Namespace,
        tokens: int,
    ) -> None:
        self.name, self.context_length = facts.name, facts.context_length
        self._defaults = facts.defaults
        self._template_knows_tools = facts.template_knows_tools
        self._server = server
        self._inner = InnerServer(inner_path(options))
        self._slots = options.max_batch
        self._abilities = Abilities(
            most_choices=self._slots, grammar=True, images=facts.reads_images
        )
        self._admission = Admission(self._slots, tokens, options.queue_limit)
        self._reader = PromptReader(server, step, self._crowded)
        self._threads = ThreadPoolExecutor(self._slots, "generation")
        self._ended = threading.Event()
        self._steps = 0

    def warm_up(self) -> None:
        """Generate one real token. Raises what keeps the model from it."""
        body = {"prompt": "1 2 3", "max_tokens": 1, "temperature": 0}
        answer = self._server.handle_completions(body)
        if "choices" not in answer:
            raise RuntimeError(str(answer.get("message") or "the model generated nothing"))

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

    async def chat(self, raw: bytes, rank: int) -> LlamaGeneration:
        asked = self._read_chat(raw)
        check_forms(asked)
        generation = self._with_tools(asked)
        body = chat_body(generation)
        tokens = await self._tokens(
            generation, most_of_chat(body), lambda: self._inner.tokens_of_chat(body)
        )
        handle = self._server.handle_chat_completions
        reading = self._reader.reading(
            None if has_pictures(body) else _from_thread(lambda: self._inner.prompt_of_chat(body))
        )
        running = self._begin(generation, body, tokens, rank, handle, reading)
        if generation is not asked:
            running.read_tools(asked)
        return running

    async def completion(self, raw: bytes, rank: int) -> LlamaGeneration:
        body = validation.read_body(raw)
        validation.check_model(body, self.name)
        generation = validation.read_completion(
            body, self._defaults, validation.TOKENS_LIMIT, self._abilities
        )
        handle = self._server.handle_completions
        prompt = generation.prompt
        if not isinstance(prompt, str):
            reading = self._reader.reading(lambda: prompt)
            body = {"prompt": list(prompt)}
            return self._begin(generation, body, len(prompt), rank, handle, reading)
        tokens = await self._tokens(
            generation, most_of_text(prompt), lambda: self._inner.tokens_of_text(prompt)
        )
        reading = self._reader.reading(_from_thread(lambda: self._inner.prompt_of_text(prompt)))
        return self._begin(generation, {"prompt": prompt}, tokens, rank, handle, reading)

    async def embed(self, raw: bytes, rank: int) -> NoReturn:
        raise serves_other(self.name, "writes text and gives no embeddings")

    async def rerank(self, raw: bytes, rank: int) -> NoReturn:
        raise serves_other(self.name, "writes text and ranks nothing")

    async def count(self, raw: bytes) -> int:
        generation = self._with_tools(self._read_chat(raw))
        return await self._inner.tokens_of_chat(chat_body(generation))

    def _with_tools(self, generation: ChatGeneration) -> ChatGeneration:
        """Tools as text where the template would leave them out."""
        if not generation.tools or self._template_knows_tools:
            return generation
        return as_text(generation)

    def _read_chat(self, raw: bytes) -> ChatGeneration:
        body = validation.read_body(raw)
        validation.check_model(body, self.name)
        return validation.read_chat(body, self._defaults, validation.TOKENS_LIMIT, self._abilities)

    async def _tokens(
        self, generation: GenerationRequest, most: int | None, count: Callable[[], Awaitable[int]]
    ) -> int:
        """Of the prompt: `most` where that is as good. To count them is to write the prompt out and
        to cut it into tokens, which llama.cpp does once more when it answers."""
        if most is not None:
            whole = most + (generation.max_tokens or DEFAULT_MAX_TOKENS)
            place = Reservation(generation.choices, generation.choices * whole)
            if whole <= self.context_length and self._admission.has_room(place):
                return most
        return await count()

    def _begin(
        self,
        generation: GenerationRequest,
        body: Json,
        tokens: int,
        rank: int,
        handle: Handle,
        reading: PromptReading,
    ) -> LlamaGeneration:
        room = self.context_length - tokens
        if room < 1:
            raise InvalidGeneration(
                f"This model's context is {self.context_length} tokens, but the prompt alone "
                f"has {tokens}.",
                "messages" if isinstance(generation, ChatGeneration) else "prompt",
                "context_length_exceeded",
            )
        max_tokens = min(generation.max_tokens or DEFAULT_MAX_TOKENS, room)
        body |= generation_body(generation, max_tokens)
        taken = min(generation.choices * (tokens + max_tokens), self._admission.tokens)
        place = Reservation(generation.choices, taken)
        prefix = "chatcmpl" if isinstance(generation, ChatGeneration) else "cmpl"
        head = {
            "id": f"{prefix}-{uuid.uuid4().hex}",
            "model": self.name,
            "created": int(time.time()),
        }
        running = LlamaGeneration(
            generation, head, lambda: self._leave(place, running), lambda: self._steps
        )
        place.granted.add_done_callback(
            lambda _: self._start(place, running, body, handle, reading)
        )
        self._admission.enter(place, rank)
        return running

    def _leave(self, place: Reservation, running: LlamaGeneration) -> None:
        """A place whose thread is at work is given back when that ends."""
        if not place.granted.done():
            self._admission.leave(place)

    def _get_on(self) -> None:
        self._steps += 1

    def _crowded(self) -> bool:
        return self._admission.active > 1 or self._admission.queued > 0

    def _start(
        self,
        place: Reservation,
        running: LlamaGeneration,
        body: Json,
        handle: Handle,
        reading: PromptReading,
    ) -> None:
        loop = asyncio.get_running_loop()

        def counted(tokens: int) -> None:
            exact = place.slots * (tokens + body["max_tokens"])
            loop.call_soon_threadsafe(self._admission.shrink, place, exact)

        answering = Answering(running, body, handle, reading, counted=counted, got_on=self._get_on)
        work = loop.run_in_executor(self._threads, answering.run)
        work.add_done_callback(lambda _: self._admission.leave(place))


def _from_thread(tokens: Callable[[], Awaitable[list[int]]]) -> Callable[[], Sequence[int]]:
    """For a thread beside the event loop under way, which it waits for."""
    loop = asyncio.get_running_loop()

    async def awaited() -> list[int]:
        return await tokens()

    return lambda: asyncio.run_coroutine_threadsafe(awaited(), loop).result()
