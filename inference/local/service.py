"""From a request body to a running job, and from a job's events to JSON."""

import asyncio
import secrets
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from inference.local import toolprompt, validation
from inference.local.answer import Answer, AnswerParse
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
from inference.local.jobs import Job
from inference.local.loading import Facts
from inference.local.markup import Markers, Section
from inference.local.running import Running
from inference.local.scheduler import Scheduler
from inference.local.wire import AnswerFormatter, ChatFormatter, CompletionFormatter, Envelope, Json

_SCHEMA: Final = "response_format.json_schema.schema"
CONTEXT_OF_COMPLETION = 8
"""Prompt tokens that decide how the first token of a completion is written."""


@dataclass(frozen=True)
class Prompt:
    """A request as the generator takes it."""

    tokens: list[int]
    reading: AnswerParse
    context: list[int]
    grammar: Grammar | None = None


class Service:
    """Turns bodies into running jobs for one loaded model."""

    def __init__(
        self,
        scheduler: Scheduler,
        codec: Codec,
        facts: Facts,
        grammars: Grammars | None = None,
        most_choices: int = 1,
    ) -> None:
        """Without `grammars` answers cannot be held to a schema; `most_choices` is the largest
        `n`."""
        self.scheduler = scheduler
        self.facts = facts
        self._codec = codec
        self._grammars = grammars
        self._abilities = Abilities(most_choices, grammars is not None)

    async def chat(self, raw: bytes, rank: int) -> Running:
        """Start a chat completion. Raises BadRequest or BacklogFull."""
        generation = self._read_chat(raw, check_name=True)
        envelope = self._envelope("chatcmpl")
        formatters = [ChatFormatter(envelope, index) for index in range(generation.choices)]
        # Long conversations take a while to encode, and others' streams go on meanwhile.
        prompt = await asyncio.to_thread(self._chat_prompt, generation)
        return self._submit(generation, prompt, formatters, rank)

    async def completion(self, raw: bytes, rank: int) -> Running:
        """Start a legacy completion. Raises BadRequest or BacklogFull."""
        body = validation.read_body(raw)
        validation.check_model(body, self.facts.name)
        facts = self.facts
        generation = validation.read_completion(
            body, facts.defaults, facts.vocabulary, self._abilities
        )
        envelope = self._envelope("cmpl")
        formatters = [CompletionFormatter(envelope, index) for index in range(generation.choices)]
        prompt = await asyncio.to_thread(self._completion_prompt, generation)
        return self._submit(generation, prompt, formatters, rank)

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
        self,
        generation: GenerationRequest,
        prompt: Prompt,
        formatters: Sequence[AnswerFormatter],
        rank: int,
    ) -> Running:
        room = self.facts.context_length - len(prompt.tokens)
        if room < 1:
            raise self._too_long(generation, f"{len(prompt.tokens)}")
        max_tokens = min(generation.max_tokens or DEFAULT_MAX_TOKENS, room)
        running = Running(self.scheduler, generation, formatters)
        whole = Work(
            tuple(prompt.tokens),
            max_tokens,
            generation.sampling,
            generation.top_logprobs,
            lambda: not running.wanted(),
            prompt.grammar,
        )
        running.start(
            [
                Job(
                    _choice(whole, index),
                    self._answer(generation, prompt, max_tokens),
                    rank,
                    running.sink(index),
                )
                for index in range(generation.choices)
            ]
        )
        return running

    def _answer(self, generation: GenerationRequest, prompt: Prompt, max_tokens: int) -> Answer:
        return Answer(
            detokenizer=Detokenizer(self._codec.decode, prompt.context),
            end_tokens=self.facts.end_tokens,
            prompt_tokens=len(prompt.tokens),
            max_tokens=max_tokens,
            stops=generation.stops,
            reading=prompt.reading,
            new_id=lambda: f"call_{secrets.token_hex(12)}",
        )

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


def _choice(work: Work, index: int) -> Work:
    """Each answer goes its own way through the grammar, and draws from random numbers of its own,
    which a seed repeats."""
    if not index:
        return work
    seed = work.sampling.seed
    sampling = replace(work.sampling, seed=None if seed is None else seed + index)
    grammar = work.grammar.copy() if work.grammar else None
    return replace(work, sampling=sampling, grammar=grammar)
