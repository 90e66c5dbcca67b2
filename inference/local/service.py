"""From a request body to a running job, and from a job's events to JSON."""

import asyncio
import secrets
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from inference.local import validation
from inference.local.answer import Answer, Delta, Finish, Reading
from inference.local.asks import (
    DEFAULT_MAX_TOKENS,
    BadRequest,
    ChatAsk,
    CompletionAsk,
    GenerationRequest,
)
from inference.local.codec import Codec
from inference.local.detokenizer import Detokenizer
from inference.local.generators import Work
from inference.local.jobs import Event, Failure, Job
from inference.local.loading import Facts
from inference.local.markup import Section
from inference.local.scheduler import Scheduler
from inference.local.wire import ChatFormatter, CompletionWire, Envelope, Json, Wire

CONTEXT_OF_COMPLETION = 8
"""Prompt tokens that decide how the first token of a completion is written."""


class GenerationFailed(Exception):
    """The answer broke off."""


Step = Delta | Finish


@dataclass(frozen=True)
class Prompt:
    """A request as the generator takes it."""

    tokens: list[int]
    reading: Reading
    context: list[int]


class Running:
    """One job's events, on the event loop. Closing it cancels the job."""

    def __init__(self, scheduler: Scheduler, ask: GenerationRequest, wire: Wire) -> None:
        self.ask = ask
        self.wire = wire
        self._scheduler = scheduler
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self.job: Job | None = None

    def sink(self, event: Event) -> None:
        """Called on the scheduler's thread."""
        self._loop.call_soon_threadsafe(self._events.put_nowait, event)

    async def next(self, patience: float | None = None) -> Delta | Finish | None:
        """The answer's next part, Finish last; None when `patience` seconds brought nothing.

        Raises GenerationFailed.
        """
        try:
            async with asyncio.timeout(patience):
                event = await self._events.get()
        except TimeoutError:
            return None
        if isinstance(event, Failure):
            raise GenerationFailed(event.message)
        return event

    @property
    def streamed(self) -> bool:
        return self.ask.stream

    def ends(self, event: Step) -> bool:
        return isinstance(event, Finish)

    def opening(self) -> Json | None:
        return self.wire.opening()

    def frames(self, event: Step) -> list[Json]:
        """The chunks of the stream that an event becomes."""
        if isinstance(event, Delta):
            return [self.wire.chunk(event)]
        usage = [self.wire.usage(event.usage)] if self.ask.include_usage else []
        return [self.wire.closing(event), *usage]

    def whole(self, events: Sequence[Step]) -> Json:
        """The answer in one piece; the last event is the Finish."""
        parts = [event for event in events if isinstance(event, Delta)]
        finish = events[-1]
        assert isinstance(finish, Finish)
        return self.wire.whole(_join(parts), finish)

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
        ask = validation.read_chat(body, self.facts.defaults, self.facts.vocabulary)
        wire = ChatFormatter(self._envelope("chatcmpl"))
        # Long conversations take a while to encode, and others' streams go on meanwhile.
        return self._submit(ask, await asyncio.to_thread(self._chat_prompt, ask), wire, rank)

    async def completion(self, raw: bytes, rank: int) -> Running:
        """Start a legacy completion. Raises BadRequest or BacklogFull."""
        body = validation.read_body(raw)
        validation.check_model(body, self.facts.name)
        ask = validation.read_completion(body, self.facts.defaults, self.facts.vocabulary)
        wire = CompletionWire(self._envelope("cmpl"))
        return self._submit(ask, await asyncio.to_thread(self._completion_prompt, ask), wire, rank)

    async def count(self, raw: bytes) -> int:
        """The prompt tokens of a chat request. Raises BadRequest."""
        ask = validation.read_chat(
            validation.read_body(raw), self.facts.defaults, self.facts.vocabulary
        )
        return len((await asyncio.to_thread(self._chat_prompt, ask)).tokens)

    def _submit(self, ask: GenerationRequest, prompt: Prompt, wire: Wire, rank: int) -> Running:
        room = self.facts.context_length - len(prompt.tokens)
        if room < 1:
            raise self._too_long(ask, f"{len(prompt.tokens)}")
        max_tokens = min(ask.max_tokens or DEFAULT_MAX_TOKENS, room)
        answer = Answer(
            detokenizer=Detokenizer(self._codec.decode, prompt.context),
            end_tokens=self.facts.end_tokens,
            prompt_tokens=len(prompt.tokens),
            max_tokens=max_tokens,
            stops=ask.stops,
            reading=prompt.reading,
            new_id=lambda: f"call_{secrets.token_hex(12)}",
        )
        running = Running(self.scheduler, ask, wire)
        tokens = tuple(prompt.tokens)
        work = Work(tokens, max_tokens, ask.sampling, ask.top_logprobs, lambda: job.cancelled)
        job = Job(work, answer, rank, running.sink)
        running.job = job
        self.scheduler.submit(job)
        return running

    def _chat_prompt(self, ask: ChatAsk) -> Prompt:
        text = self._codec.render(ask)
        tokens = self._encode(ask, text, add_special_tokens=False)
        markers = dict(self._codec.markers)
        if not ask.tools:
            markers.pop(Section.TOOL_CALL, None)
        start = self._codec.opening_section(text)
        reading = Reading(markers, start, ask.tools, self._codec.parser)
        return Prompt(tokens, reading, [])

    def _completion_prompt(self, ask: CompletionAsk) -> Prompt:
        prompt = ask.prompt
        tokens = (
            self._encode(ask, prompt, add_special_tokens=True)
            if isinstance(prompt, str)
            else list(prompt)
        )
        return Prompt(tokens, Reading(), tokens[-CONTEXT_OF_COMPLETION:])

    def _encode(self, ask: GenerationRequest, text: str, *, add_special_tokens: bool) -> list[int]:
        least = self._codec.least_tokens(text)
        if least >= self.facts.context_length:
            # Megabytes take seconds to encode, only to be refused.
            raise self._too_long(ask, f"at least {least}")
        return self._codec.encode(text, add_special_tokens=add_special_tokens)

    def _too_long(self, ask: GenerationRequest, tokens: str) -> BadRequest:
        return BadRequest(
            f"This model's context is {self.facts.context_length} tokens, but the prompt alone "
            f"has {tokens}.",
            "messages" if isinstance(ask, ChatAsk) else "prompt",
            "context_length_exceeded",
        )

    def _envelope(self, prefix: str) -> Envelope:
        return Envelope(
            f"{prefix}-{uuid.uuid4().hex}",
            self.facts.name,
            int(time.time()),
            lambda token: (self._codec.decode([token]), self._codec.token_bytes(token)),
        )


def _join(parts: list[Delta]) -> Delta:
    return Delta(
        "".join(part.content for part in parts),
        "".join(part.reasoning for part in parts),
        tuple(call for part in parts for call in part.tool_calls),
        tuple(entry for part in parts for entry in part.logprobs),
    )
