"""From a request body to a running job, and from a job's events to JSON."""

import asyncio
import secrets
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from inference.local import toolprompt, validation
from inference.local.answer import Answer, AnswerDelta, AnswerParse, Finish
from inference.local.codec import Codec
from inference.local.constraint import constraint_of, unsupported
from inference.local.detokenizer import Detokenizer
from inference.local.generation import (
    DEFAULT_MAX_TOKENS,
    Abilities,
    ChatGeneration,
    CompletionGeneration,
    GenerationRequest,
    InvalidGeneration,
)
from inference.local.generators import Grammar, Work
from inference.local.grammar import Grammars
from inference.local.jobs import Event, Job, JobFailure
from inference.local.loading import Facts
from inference.local.markup import Markers, Section
from inference.local.scheduler import Scheduler
from inference.local.wire import AnswerFormatter, ChatFormatter, CompletionFormatter, Envelope, Json

_SCHEMA: Final = "response_format.json_schema.schema"
CONTEXT_OF_COMPLETION = 8
"""Prompt tokens that decide how the first token of a completion is written."""


class GenerationFailed(Exception):
    """The answer broke off."""


Step = AnswerDelta | Finish


@dataclass(frozen=True)
class Prompt:
    """A request as the generator takes it."""

    tokens: list[int]
    reading: AnswerParse
    context: list[int]
    grammar: Grammar | None = None


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
        self._looks = 0

    def wanted(self) -> bool:
        """Asked on the scheduler's thread between two parts of a prompt."""
        self._looks += 1
        return self.job is None or not self.job.cancelled

    def life(self) -> int:
        return self._looks + self._scheduler.stats.steps

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

    @property
    def streamed(self) -> bool:
        return self.generation.stream

    def ends(self, event: Step) -> bool:
        return isinstance(event, Finish)

    def opening(self) -> Json | None:
        return self.wire.opening()

    def frames(self, event: Step) -> list[Json]:
        """The chunks of the stream that an event becomes."""
        if isinstance(event, AnswerDelta):
            return [self.wire.chunk(event)]
        usage = [self.wire.usage(event.usage)] if self.generation.include_usage else []
        return [self.wire.closing(event), *usage]

    def whole(self, events: Sequence[Step]) -> Json:
        """The answer in one piece; the last event is the Finish."""
        parts = [event for event in events if isinstance(event, AnswerDelta)]
        finish = events[-1]
        assert isinstance(finish, Finish)
        return self.wire.whole(_join(parts), finish)

    def close(self) -> None:
        """The caller is served, or gone."""
        if self.job is not None:
            self._scheduler.cancel(self.job)


class Service:
    """Turns bodies into running jobs for one loaded model."""

    def __init__(
        self, scheduler: Scheduler, codec: Codec, facts: Facts, grammars: Grammars | None = None
    ) -> None:
        """Without `grammars` answers cannot be held to a schema."""
        self.scheduler = scheduler
        self.facts = facts
        self._codec = codec
        self._grammars = grammars
        self._abilities = Abilities(grammar=grammars is not None)

    async def chat(self, raw: bytes, rank: int) -> Running:
        """Start a chat completion. Raises BadRequest or BacklogFull."""
        generation = self._read_chat(raw, check_name=True)
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

    async def count(self, raw: bytes) -> int:
        """The prompt tokens of a chat request. Raises BadRequest."""
        generation = self._read_chat(raw, check_name=False)
        return len((await asyncio.to_thread(self._chat_prompt, generation)).tokens)

    def _read_chat(self, raw: bytes, *, check_name: bool) -> ChatGeneration:
        body = validation.read_body(raw)
        if check_name:
            validation.check_model(body, self.facts.name)
        facts = self.facts
        return validation.read_chat(body, facts.defaults, facts.vocabulary, self._abilities)

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
            tokens,
            max_tokens,
            generation.sampling,
            generation.top_logprobs,
            lambda: not running.wanted(),
            prompt.grammar,
        )
        job = Job(work, answer, rank, running.sink)
        running.job = job
        self.scheduler.submit(job)
        return running

    def _chat_prompt(self, generation: ChatGeneration) -> Prompt:
        text = self._codec.render(generation)
        tokens = self._encode(generation, text, add_special_tokens=False)
        schema = constraint_of(generation)
        if schema is not None:
            return self._held_prompt(generation, tokens, schema)
        markers = dict(self._codec.markers)
        if not generation.tools:
            markers.pop(Section.TOOL_CALL, None)
        start = self._codec.opening_section(text)
        reading = AnswerParse(markers, start, generation.tools, self._codec.parser)
        return Prompt(tokens, reading, [])

    def _held_prompt(self, generation: ChatGeneration, tokens: list[int], schema: Json) -> Prompt:
        """All of the answer is JSON: a call that is demanded, or what the form says."""
        if self._grammars is None:
            raise unsupported("this model's tokenizer does not allow it.", "response_format")
        demanded = bool(generation.tool_choice)
        grammar = self._grammars.hold(schema, "tools" if demanded else _SCHEMA)
        if not demanded:
            return Prompt(tokens, AnswerParse(), [], grammar)
        whole = {Section.TOOL_CALL: Markers("", "")}
        reading = AnswerParse(whole, Section.TOOL_CALL, generation.tools, toolprompt.parse_call)
        return Prompt(tokens, reading, [], grammar)

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


def _join(parts: list[AnswerDelta]) -> AnswerDelta:
    return AnswerDelta(
        "".join(part.content for part in parts),
        "".join(part.reasoning for part in parts),
        tuple(call for part in parts for call in part.tool_calls),
        tuple(entry for part in parts for entry in part.logprobs),
    )
