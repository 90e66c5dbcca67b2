"""From a request body to a running job, and from a job's events to JSON."""

import asyncio
import secrets
import time
import uuid
from dataclasses import dataclass

from inference.local import validation
from inference.local.answer import Answer, AnswerDelta, AnswerParse, Finish
from inference.local.codec import Codec
from inference.local.detokenizer import Detokenizer
from inference.local.generation import (
    DEFAULT_MAX_TOKENS,
    ChatGeneration,
    CompletionGeneration,
    GenerationRequest,
    InvalidGeneration,
)
from inference.local.generators import Work
from inference.local.jobs import Event, Job, JobFailure
from inference.local.loading import Facts
from inference.local.markup import Section
from inference.local.scheduler import Scheduler
from inference.local.wire import AnswerFormatter, ChatFormatter, CompletionFormatter, Envelope

CONTEXT_OF_COMPLETION = 8
"""Prompt tokens that decide how the first token of a completion is written."""


class GenerationFailed(Exception):
    """The answer broke off."""


@dataclass(frozen=True)
class Prompt:
    """A request as the generator takes it."""

    tokens: list[int]
    reading: AnswerParse
    context: list[int]


class Running:
    """One job's events, on the event loop. Closing it cancels the job."""

    def __init__(
        self, scheduler: Scheduler, generation: GenerationRequest, wire: AnswerFormatter
    ) -> None:
        self.generation = generation
        self.wire = wire
        self._scheduler = scheduler
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self.job: Job | None = None

    def sink(self, event: Event) -> None:
        """Called on the scheduler's thread."""
        self._loop.call_soon_threadsafe(self._events.put_nowait, event)

    async def next(self, patience: float | None = None) -> AnswerDelta | Finish | None:
        """The answer's next part, Finish last; None when `patience` seconds brought nothing.

        Raises GenerationFailed.
        """
        try:
            async with asyncio.timeout(patience):
                event = await self._events.get()
        except TimeoutError:
            return None
        if isinstance(event, JobFailure):
            raise GenerationFailed(event.message)
        return event

    def close(self) -> None:
        """The caller is served, or gone."""
        if self.job is not None:
            self._scheduler.cancel(self.job)


class Service:
    """Turns bodies into running jobs for one loaded model."""

    def __init__(self, scheduler: Scheduler, codec: Codec, facts: Facts) -> None:
        self.scheduler = scheduler
        self.facts = facts
        self._codec = codec

    async def chat(self, raw: bytes, rank: int) -> Running:
        """Start a chat completion. Raises BadRequest or BacklogFull."""
        body = validation.read_body(raw)
        validation.check_model(body, self.facts.name)
        generation = validation.read_chat(body, self.facts.defaults, self.facts.vocabulary)
        wire = ChatFormatter(self._envelope("chatcmpl"))
        # Long conversations take a while to encode, and others' streams go on meanwhile.
        return self._submit(
            generation, await asyncio.to_thread(self._chat_prompt, generation), wire, rank
        )

    async def completion(self, raw: bytes, rank: int) -> Running:
        """Start a legacy completion. Raises BadRequest or BacklogFull."""
        body = validation.read_body(raw)
        validation.check_model(body, self.facts.name)
        generation = validation.read_completion(body, self.facts.defaults, self.facts.vocabulary)
        wire = CompletionFormatter(self._envelope("cmpl"))
        return self._submit(
            generation, await asyncio.to_thread(self._completion_prompt, generation), wire, rank
        )

    def _submit(
        self, generation: GenerationRequest, prompt: Prompt, wire: AnswerFormatter, rank: int
    ) -> Running:
        room = self.facts.context_length - len(prompt.tokens)
        if room < 1:
            raise self._too_long(generation, f"{len(prompt.tokens)}")
        max_tokens = min(generation.max_tokens or DEFAULT_MAX_TOKENS, room)
        answer = Answer(
            detokenizer=Detokenizer(self._codec.decode, prompt.context),
            end_tokens=self.facts.end_tokens,
            prompt_tokens=len(prompt.tokens),
            max_tokens=max_tokens,
            stops=generation.stops,
            reading=prompt.reading,
            new_id=lambda: f"call_{secrets.token_hex(12)}",
        )
        running = Running(self.scheduler, generation, wire)
        tokens = tuple(prompt.tokens)
        work = Work(
            tokens, max_tokens, generation.sampling, generation.top_logprobs, lambda: job.cancelled
        )
        job = Job(work, answer, rank, running.sink)
        running.job = job
        self.scheduler.submit(job)
        return running

    def _chat_prompt(self, generation: ChatGeneration) -> Prompt:
        text = self._codec.render(generation)
        tokens = self._encode(generation, text, add_special_tokens=False)
        markers = dict(self._codec.markers)
        if not generation.tools:
            markers.pop(Section.TOOL_CALL, None)
        start = self._codec.opening_section(text)
        reading = AnswerParse(markers, start, generation.tools, self._codec.parser)
        return Prompt(tokens, reading, [])

    def _completion_prompt(self, generation: CompletionGeneration) -> Prompt:
        prompt = generation.prompt
        tokens = (
            self._encode(generation, prompt, add_special_tokens=True)
            if isinstance(prompt, str)
            else list(prompt)
        )
        return Prompt(tokens, AnswerParse(), tokens[-CONTEXT_OF_COMPLETION:])

    def _encode(
        self, generation: GenerationRequest, text: str, *, add_special_tokens: bool
    ) -> list[int]:
        least = self._codec.least_tokens(text)
        if least >= self.facts.context_length:
            # Megabytes take seconds to encode, only to be refused.
            raise self._too_long(generation, f"at least {least}")
        return self._codec.encode(text, add_special_tokens=add_special_tokens)

    def _too_long(self, generation: GenerationRequest, tokens: str) -> InvalidGeneration:
        return InvalidGeneration(
            f"This model's context is {self.facts.context_length} tokens, but the prompt alone "
            f"has {tokens}.",
            "messages" if isinstance(generation, ChatGeneration) else "prompt",
            "context_length_exceeded",
        )

    def _envelope(self, prefix: str) -> Envelope:
        return Envelope(
            f"{prefix}-{uuid.uuid4().hex}",
            self.facts.name,
            int(time.time()),
            lambda token: (self._codec.decode([token]), self._codec.token_bytes(token)),
        )
