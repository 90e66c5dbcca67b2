"""Tries candidates in order until one commits, and sees its answer through to the caller.

Before the commit nothing has reached the caller, so a failure costs only time, and another
candidate may be asked beside one that is slow to begin. Behind it nothing is replayed: a stream
that breaks is continued by another target, or ends in its protocol's error.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from governance.kinds import is_engine
from governance.kinds.engine_words import SERVES_OTHER
from governance.routing.plan import Candidate
from governance.routing.resilience import allowed_retries, hedge_after
from governance.routing.table import Profile
from inference.dispatch.attempt import LOST_RACE, Attempt
from inference.dispatch.chain import Chain
from inference.dispatch.continuing import Continuing, buffer_for
from inference.dispatch.deadlines import CALLER_STALLED, DRAINED_UNREAD
from inference.dispatch.exchange import Exchange
from inference.dispatch.health import HealthBook
from inference.dispatch.relay import ChunkWriter, read_to_end, relay
from inference.dispatch.repeating import wait_before_repeat
from inference.dispatch.results import Exhausted, StreamResult
from inference.dispatch.timer_wheel import TimerWheel
from inference.record.record import RequestContext
from inference.translate.base import EVENT_STREAM, StreamTranslator, TranslatedAnswer, Translator
from inference.translate.hub import DirectCaller
from inference.upstream import Client
from inference.values.failures import AttemptFailed, Failure
from inference.values.kept_answer import Keeper
from inference.values.parsed_request import ParsedRequest

log = structlog.get_logger("pointsman.dispatch")

_NO_PROFILE: Final = Profile(id="", name="", virtual_provider="", targets=())


class Delivery(Protocol):
    """How answers get to the caller, in the caller's protocol."""

    @property
    def writer(self) -> ChunkWriter: ...

    async def begin_stream(self, candidate: Candidate, media_type: str) -> None:
        """The head of a streamed answer."""

    async def whole(
        self,
        candidate: Candidate,
        answer: TranslatedAnswer,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        """An answer from beginning to end."""

    async def break_off(
        self, failure: Failure, body: bytes | None, stream: StreamTranslator
    ) -> None:
        """Ends a stream in an error; `body` is what the upstream said about it."""

    async def abandon(self) -> None:
        """Gives up a caller who does not read."""


class Dispatcher:
    """Carries one request through its candidates."""

    _chain: Chain
    """Since `run`."""

    def __init__(
        self,
        request: ParsedRequest,
        context: RequestContext,
        delivery: Delivery,
        client: Client,
        book: HealthBook,
        loop: asyncio.AbstractEventLoop,
        timer_wheel: TimerWheel,
        translators: Callable[[str], Translator],
        caller: DirectCaller | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        """`translators` gives the translator towards an upstream's protocol, `caller` is the
        caller's half of all of them."""
        self.context = context
        self._delivery = delivery
        self._book = book
        self._loop = loop
        self._timer_wheel = timer_wheel
        self._caller = caller
        self._exchange = Exchange(request, context, client, book, translators)
        plan = context.plan
        self._profile = plan.profile if plan and plan.profile else _NO_PROFILE
        self._winner: Attempt | None = None
        self._lanes: list[Attempt | None] = [None]
        """The attempt under way in the first lane and, while there is one, in the second."""
        self._second: asyncio.Task[bool] | None = None
        self.keeper = keeper

    @property
    def request(self) -> ParsedRequest:
        """What candidates are asked; an endpoint may complete it before `run`."""
        return self._exchange.request

    @request.setter
    def request(self, request: ParsedRequest) -> None:
        self._exchange.request = request

    async def run(self, candidates: tuple[Candidate, ...]) -> Exhausted | None:
        """One candidate after the other until one commits. None when the caller was answered, be
        it with a stream that broke; else why nobody could."""
        self._chain = chain = Chain(candidates)
        if len(candidates) > 1:
            self._book.budgets.chose(self._profile.id)
        try:
            answered = await self._lane(0)
        finally:
            if self._second is not None and not self._second.done():
                self._second.cancel()
                await asyncio.wait((self._second,))
        return None if answered else chain.exhausted(self._exchange.told)

    def _no_such_local_model(self) -> bool:
        """Whether the caller named a model of the engine that it does not have, or that is made
        for something else: an answer of another one would hide the mistake."""
        plan, asked = self.context.plan, self._chain.first
        named = plan is not None and plan.reason == "provider_model"
        failure = self._chain.last_failure
        missing = failure.upstream_status == 404 or failure.code == SERVES_OTHER.code
        return named and is_engine(asked.provider.kind) and missing

    async def answer_here(
        self,
        candidate: Candidate,
        answer: TranslatedAnswer,
        code: str,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        """Answers in a candidate's stead without asking it; `code` says so in the record."""
        with self._attempt(candidate) as attempt:
            attempt.code, attempt.status = code, 0
        self.context.model = candidate.model
        await self._delivery.whole(candidate, answer, headers)

    def _attempt(self, candidate: Candidate) -> Attempt:
        return Attempt(candidate, self.context, self._book, self._loop, self._timer_wheel)

    async def _lane(self, lane: int) -> bool:
        """Candidates in order, as far as no other lane takes them. Whether one answered."""
        chain = self._chain
        following = chain.next_target if lane else chain.next
        while self._winner is None and (candidate := following()) is not None:
            if candidate.is_local_fallback and self._no_such_local_model():
                return False
            if await self._tries(candidate, lane):
                return True
            if not lane and self._second is not None and not chain.stopped:
                # What was begun beside this candidate is further than anything begun now.
                second, self._second = self._second, None
                if await second:
                    return True
                del self._lanes[1:]
        return False

    async def _tries(self, candidate: Candidate, lane: int) -> bool:
        """One candidate, asked again where the profile wants that. Whether it answered."""
        repeats = 0
        while True:
            result: StreamResult | TranslatedAnswer | None = None
            with self._attempt(candidate) as attempt:
                attempt.counted = repeats > 0
                self._lanes[lane] = attempt
                self._acquire(attempt)
                result = await self._exchange.ask(attempt)
                self._claim(attempt)
                if isinstance(result, StreamResult):
                    await self._relay(result, attempt)
            if result is not None and self._winner is attempt:
                if isinstance(result, StreamResult):
                    await self._finish(result, attempt)
                else:
                    await self._deliver(result, candidate)
                return True
            failure = attempt.failure
            assert failure is not None
            if failure is LOST_RACE:
                return False
            wait = self._wait_before_repeat(candidate, failure, repeats)
            if wait is None:
                self._chain.failed(candidate, failure)
                return False
            repeats += 1
            await asyncio.sleep(wait)
            if self._winner is not None:
                return False

    def _acquire(self, attempt: Attempt) -> None:
        """Makes the attempt ready to be asked. Raises what `Attempt` takes."""
        context, candidate = self.context, attempt.candidate
        context.dropped = ()
        slow = None
        if self._second is None and len(self._lanes) == 1 and self._chain.has_target:
            slow = hedge_after(self._profile, candidate, self.request.routing_request)
        attempt.acquire(
            stream=self.request.routing_request.stream,
            slow=slow,
            on_slow=None if slow is None else self._on_slow,
        )
        if candidate.is_local_fallback and context.attempts:
            log.warning(
                "fell_to_local",
                request_id=context.id,
                provider=candidate.provider.name,
                failed=[str(one) for one in context.attempts],
            )

    def _on_slow(self) -> None:
        """The first lane has waited for a first token for long: a second one begins beside it."""
        waiting = self._lanes[0]
        if self._second is not None or self._winner is not None or waiting is None:
            return
        candidate = waiting.candidate
        name = candidate.provider.name.casefold()
        slow = self._book.speeds.slow(name, candidate.model)
        wanted = hedge_after(self._profile, candidate, self.request.routing_request)
        if wanted is None or slow > wanted or not self._chain.has_target:
            return
        if self._book.budgets.may_hedge(self._profile.id):
            self._lanes.append(None)
            self._second = self._loop.create_task(self._lane(1))

    def _claim(self, attempt: Attempt) -> None:
        """The answer is this candidate's; the one asked beside it ends. Raises `AttemptFailed`
        when that one was quicker."""
        if self._winner is not None:
            raise AttemptFailed(LOST_RACE)
        self._winner = attempt
        self.context.dropped = attempt.dropped
        if len(self._lanes) > 1:
            for other in self._lanes:
                if other is not None and other is not attempt:
                    other.lose()

    def _wait_before_repeat(
        self, candidate: Candidate, failure: Failure, repeats: int
    ) -> float | None:
        """Seconds until this candidate is asked again, None where it is not."""
        if self._second is not None:
            return None
        is_last = not self._chain.has_more
        allowed = allowed_retries(self._profile.retries, is_last=is_last)
        rng = self._book.rng
        wait = wait_before_repeat(failure, repeats, allowed, rng, is_last=is_last)
        if wait is None or not self._book.budgets.may_repeat(candidate.provider.name):
            return None
        return wait

    async def _relay(self, stream: StreamResult, attempt: Attempt) -> None:
        """The commit: from here on the answer is this candidate's."""
        attempt.commit()
        context, candidate, translator = self.context, attempt.candidate, stream.translator
        context.first_token = time.monotonic() - context.started
        if len(self._profile.targets) > 1:
            stream.began = attempt.seconds
            name = candidate.provider.name.casefold()
            self._book.speeds.began(name, candidate.model, stream.began)
        attempt.deadlines.writing()
        if self._chain.has_target and translator.media_type == EVENT_STREAM:
            stream.sent = buffer_for(self._caller, self.request, self._profile)
        try:
            await self._delivery.begin_stream(candidate, translator.media_type)
            await relay(stream, self._delivery.writer, attempt.deadlines)
        finally:
            context.model = translator.model or candidate.model
            context.usage, context.finish_reason = translator.usage, translator.finish_reason

    async def _finish(self, stream: StreamResult, attempt: Attempt) -> None:
        """What is left to do when the attempt of a stream is over."""
        failure = attempt.failure
        if failure is None:
            if stream.began:
                name, model = attempt.candidate.provider.name.casefold(), attempt.candidate.model
                rest, usage = attempt.seconds - stream.began, stream.translator.usage
                self._book.speeds.ended(name, model, rest, usage)
                self._book.speeds.answered(name, model, usage)
            self._served(attempt.candidate)
            await read_to_end(stream.reply)
            return
        if stream.sent is not None:
            continuing = Continuing(self.request, self.context, stream, attempt, failure)
            if await continuing.run(
                self._caller, self._chain, self._exchange, self._delivery.writer, self._attempt
            ):
                return
            failure, stream, attempt = continuing.failure, continuing.broken, continuing.attempt
        self.context.outcome, self.context.error_code = failure.outcome, failure.code
        unread = failure is CALLER_STALLED or failure is DRAINED_UNREAD
        if unread or stream.translator.media_type != EVENT_STREAM:
            # There is nobody to tell, or no form to tell it in.
            await self._delivery.abandon()
            return
        # Nothing can be replayed: the stream ends in the protocol's error event and without its
        # regular end, so that no client takes the half for the whole.
        body = self._exchange.told(attempt.candidate, failure).body
        await self._delivery.break_off(failure, body, stream.translator)

    def _served(self, candidate: Candidate) -> None:
        """Remembers who answered the session, where that is not told by the order itself."""
        plan, session = self.context.plan, self.context.routed_session
        if plan is None or not plan.remembers or not session:
            return
        first = plan.first_choice
        if first is not None and candidate.same_place(first):
            # Of a session whose plan is everybody's nothing was remembered.
            if not plan.repeats:
                self._book.sessions.forget(session)
        elif not candidate.is_local_fallback:
            self._book.sessions.note(session, candidate.provider.name.casefold(), candidate.model)

    async def _deliver(self, answer: TranslatedAnswer, candidate: Candidate) -> None:
        context = self.context
        context.first_token = time.monotonic() - context.started
        context.model = answer.model or candidate.model
        context.usage, context.finish_reason = answer.usage, answer.finish_reason
        if len(self._profile.targets) > 1:
            name = candidate.provider.name.casefold()
            self._book.speeds.answered(name, candidate.model, answer.usage)
        self._served(candidate)
        await self._delivery.whole(candidate, answer)
