"""A request's answers under way, on the event loop: one, or as many as `n` asks for."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from inference.local.answer import AnswerDelta, Finish, TokenCounts
from inference.local.generation import GenerationRequest
from inference.local.jobs import Event, Job, JobFailure
from inference.local.scheduler import Scheduler
from inference.local.wire import AnswerFormatter, Json


class GenerationFailed(Exception):
    """The answer broke off."""


@dataclass(frozen=True)
class ChoiceEvent:
    """What one of the answers says."""

    index: int
    said: AnswerDelta | Finish
    last: bool = False
    """No answer says more."""


class Running:
    """The events of a job for each answer, in the order they come. Closing it cancels them all."""

    def __init__(
        self,
        scheduler: Scheduler,
        generation: GenerationRequest,
        formatters: Sequence[AnswerFormatter],
    ) -> None:
        self.generation = generation
        self._formatters = formatters
        self._scheduler = scheduler
        self._events: asyncio.Queue[tuple[int, Event]] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        self._jobs: Sequence[Job] = ()
        self._finishes: dict[int, Finish] = {}
        self._closed = False
        self._looks = 0

    def start(self, jobs: Sequence[Job]) -> None:
        """One for each formatter. Raises BacklogFull."""
        self._jobs = jobs
        self._scheduler.submit(*jobs)

    def wanted(self) -> bool:
        """Asked on the scheduler's thread between two parts of a prompt."""
        self._looks += 1
        return not self._closed

    def life(self) -> int:
        return self._looks + self._scheduler.stats.steps

    def sink(self, index: int) -> Callable[[Event], None]:
        """Takes the events of one answer on the scheduler's thread."""

        def put(event: Event) -> None:
            self._loop.call_soon_threadsafe(self._events.put_nowait, (index, event))

        return put

    async def next(self, patience: float | None = None) -> ChoiceEvent | None:
        """What is said next; None when `patience` seconds brought nothing.

        Raises GenerationFailed.
        """
        try:
            async with asyncio.timeout(patience):
                index, event = await self._events.get()
        except TimeoutError:
            return None
        if isinstance(event, JobFailure):
            raise GenerationFailed(event.message)
        if isinstance(event, Finish):
            self._finishes[index] = event
        return ChoiceEvent(index, event, len(self._finishes) == len(self._formatters))

    @property
    def streamed(self) -> bool:
        return self.generation.stream

    def ends(self, event: ChoiceEvent) -> bool:
        return event.last

    def opening(self) -> Json | None:
        return self._formatters[0].opening(len(self._formatters))

    def frames(self, event: ChoiceEvent) -> list[Json]:
        """The chunks of the stream that an event becomes."""
        formatter = self._formatters[event.index]
        if isinstance(event.said, AnswerDelta):
            return [formatter.chunk(event.said)]
        frames = [formatter.closing(event.said)]
        if event.last and self.generation.include_usage:
            frames.append(formatter.usage(self._usage()))
        return frames

    def whole(self, events: Sequence[ChoiceEvent]) -> Json:
        """The answers in one piece."""
        choices = []
        for index, formatter in enumerate(self._formatters):
            parts = [one.said for one in events if one.index == index]
            said = _join([part for part in parts if isinstance(part, AnswerDelta)])
            choices.append(formatter.choice(said, self._finishes[index]))
        return self._formatters[0].whole(choices, self._usage())

    def close(self) -> None:
        """The caller is served, or gone."""
        self._closed = True
        for job in self._jobs:
            self._scheduler.cancel(job)

    def _usage(self) -> TokenCounts:
        """The prompt counts once, however many answers it gets."""
        each = [self._finishes[index].usage for index in sorted(self._finishes)]
        return TokenCounts(
            each[0].prompt,
            sum(one.completion for one in each),
            sum(one.reasoning for one in each),
            each[0].cached,
        )


def _join(parts: Sequence[AnswerDelta]) -> AnswerDelta:
    return AnswerDelta(
        "".join(part.content for part in parts),
        "".join(part.reasoning for part in parts),
        tuple(call for part in parts for call in part.tool_calls),
        tuple(entry for part in parts for entry in part.logprobs),
    )
