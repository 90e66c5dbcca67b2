"""Tries candidates in order until one commits, and sees its answer through to the caller.

Before the commit nothing has reached the caller, so a failure costs only time. Behind it nothing
is replayed: a stream that breaks ends in its protocol's error.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import msgspec
import structlog

from governance.routing.plan import Candidate
from inference.dispatch.attempt import Attempt
from inference.dispatch.chain import INEXPRESSIBLE, FailedChain
from inference.dispatch.deadlines import CALLER_STALLED
from inference.dispatch.health import HealthBook
from inference.dispatch.reading import open_stream, read_whole
from inference.dispatch.relay import ChunkWriter, read_to_end, relay
from inference.dispatch.repairing import RepairedRequest
from inference.dispatch.results import Exhausted, StreamResult
from inference.dispatch.seals import seal_for
from inference.dispatch.timer_wheel import TimerWheel
from inference.dispatch.upstream_protocol import RESPONSES, upstream_protocol
from inference.endpoints.priority import priority
from inference.record.record import RequestContext
from inference.translate.answer_limit import room_for, with_limit
from inference.translate.base import (
    EVENT_STREAM,
    JSON,
    Inexpressible,
    Outbound,
    StreamTranslator,
    TranslatedAnswer,
    Translator,
)
from inference.upstream import Client, Reply
from inference.upstream.backend import Backend, backend_of
from inference.upstream.provider_request import send
from inference.values.failures import AttemptFailed, Failure, Outcome, reworded
from inference.values.kept_answer import Keeper
from inference.values.parsed_request import ParsedRequest

log = structlog.get_logger("pointsman.dispatch")


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
        keeper: Keeper | None = None,
    ) -> None:
        """`translators` gives the translator towards an upstream's protocol."""
        self.request = request
        self.context = context
        self._delivery = delivery
        self._client = client
        self._book = book
        self._loop = loop
        self._timer_wheel = timer_wheel
        self._translators = translators
        self.keeper = keeper

    async def run(self, candidates: tuple[Candidate, ...]) -> Exhausted | None:
        """One candidate after the other until one commits. None when the caller was answered, be
        it with a stream that broke; else why nobody could."""
        chain = FailedChain()
        for candidate in candidates:
            if not chain.may_try(candidate):
                break
            result: StreamResult | TranslatedAnswer | None = None
            with self._attempt(candidate) as attempt:
                result = await self._ask(attempt)
                if isinstance(result, StreamResult):
                    await self._relay(result, attempt)
            if isinstance(result, StreamResult):
                await self._finish(result, attempt)
                return None
            if result is not None:
                await self._deliver(result, candidate)
                return None
            assert attempt.failure is not None
            if not chain.add(candidate, attempt.failure, self._exhausted):
                break
        return chain.exhausted()

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

    async def _ask(self, attempt: Attempt) -> StreamResult | TranslatedAnswer:
        """The candidate's committed stream or its whole answer. Raises what `Attempt` takes."""
        context, candidate = self.context, attempt.candidate
        context.dropped = ()
        stream = self.request.routing_request.stream
        attempt.acquire(stream=stream)
        if candidate.is_local_fallback and context.attempts:
            log.warning(
                "fell_to_local",
                request_id=context.id,
                provider=candidate.provider.name,
                failed=[str(one) for one in context.attempts],
            )
        backend = backend_of(candidate.provider)
        try:
            translator, request, outbound = self._outbound(backend, candidate)
        except Inexpressible as error:
            raise AttemptFailed(
                Failure(Outcome.UNFIT, INEXPRESSIBLE, error.message, 400, field=error.field)
            ) from None
        reply = await self._send(backend, outbound, attempt)
        words = backend.kind.failure_words
        try:
            if stream:
                return await open_stream(translator, request, reply)
            return await read_whole(
                translator, request, reply, attempt.deadlines, streamed=outbound.streamed
            )
        except AttemptFailed as failed:
            raise AttemptFailed(reworded(failed.failure, words)) from None

    def _outbound(
        self, backend: Backend, candidate: Candidate
    ) -> tuple[Translator, ParsedRequest, Outbound]:
        """How the candidate is spoken to, and the request in its words. Raises `Inexpressible`."""
        translator, request = self._translation(backend, candidate)
        try:
            return translator, request, translator.request(request, candidate.model)
        except Inexpressible:
            if request.seal is None or request.routing_request.request_type == RESPONSES:
                raise
            # What the preferred protocol has no word for may be said in the usual one.
            usual = self._translators(backend.kind.translation)
            unsealed = msgspec.structs.replace(request, seal=None)
            return usual, unsealed, usual.request(unsealed, candidate.model)

    def _translation(
        self, backend: Backend, candidate: Candidate
    ) -> tuple[Translator, ParsedRequest]:
        """How the candidate is spoken to, and the request with what that takes."""
        request = msgspec.structs.replace(self.request, model_facts=candidate.facts)
        protocol = upstream_protocol(candidate, request, backend.kind.translation)
        if protocol == RESPONSES:
            seal = seal_for(self.context.virtual_key, candidate.provider.name)
            request = msgspec.structs.replace(request, seal=seal)
        return self._translators(protocol), request

    async def _send(self, backend: Backend, outbound: Outbound, attempt: Attempt) -> Reply:
        """The reply to the request, repaired where the provider refuses a part of it."""
        context, candidate = self.context, attempt.candidate
        body = self._limited(backend, candidate, outbound.body)
        repairs = RepairedRequest(self._book.repairs, backend, candidate, body)

        async def ask(body: bytes) -> Reply:
            context.dropped = (*outbound.dropped, *repairs.dropped)
            attempt.deadlines.unguard()
            reply = await self._ask_once(backend, outbound, body, attempt)
            attempt.answered()
            self._book.observe(candidate.provider, candidate.model, reply.headers)
            return reply

        return await repairs.send(ask)

    def _limited(self, backend: Backend, candidate: Candidate, body: bytes) -> bytes:
        """The body with a limit where local inference would go on until its context is full.

        The engine has one of its own for models whose longest answer nobody tells. A local server
        that a target names is asked as its operator had it.
        """
        engine, facts = backend.kind.engine, candidate.facts
        if not (facts.max_output_tokens if engine else candidate.is_local_fallback):
            return body
        tokens = self.request.routing_request.features.prompt_tokens
        return with_limit(body, room_for(facts.max_output_tokens, facts.context_length, tokens))

    async def _ask_once(
        self, backend: Backend, outbound: Outbound, body: bytes, attempt: Attempt
    ) -> Reply:
        request, key = self.request, self.context.virtual_key
        extra = outbound.headers
        if outbound.content_type != JSON:
            extra = (*extra, (b"content-type", outbound.content_type.encode()))
        if backend.kind.priority_header and key is not None:
            place = priority(key.priority, request.priority)
            if place != "normal":
                extra = (*extra, (backend.kind.priority_header.encode(), place.encode()))
        return await send(
            self._client,
            backend,
            b"POST",
            outbound.path,
            body,
            caller=request.headers,
            extra=extra,
            stream=request.routing_request.stream,
            connect_timeout=backend.provider.connect_timeout,
            on_start=attempt.started,
        )

    async def _relay(self, stream: StreamResult, attempt: Attempt) -> None:
        """The commit: from here on the answer is this candidate's."""
        attempt.committed = True
        context, candidate, translator = self.context, attempt.candidate, stream.translator
        context.first_token = time.monotonic() - context.started
        attempt.deadlines.writing()
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
            await read_to_end(stream.reply)
            return
        self.context.outcome, self.context.error_code = failure.outcome, failure.code
        if failure is CALLER_STALLED or stream.translator.media_type != EVENT_STREAM:
            # There is nobody to tell, or no form to tell it in.
            await self._delivery.abandon()
            return
        # Nothing can be replayed: the stream ends in the protocol's error event and without its
        # regular end, so that no client takes the half for the whole.
        body = self._exhausted(attempt.candidate, failure).body
        await self._delivery.break_off(failure, body, stream.translator)

    async def _deliver(self, answer: TranslatedAnswer, candidate: Candidate) -> None:
        context = self.context
        context.first_token = time.monotonic() - context.started
        context.model = answer.model or candidate.model
        context.usage, context.finish_reason = answer.usage, answer.finish_reason
        await self._delivery.whole(candidate, answer)

    def _exhausted(self, candidate: Candidate, failure: Failure) -> Exhausted:
        """The failure with what the upstream said about it, in the caller's protocol.

        Nobody is shown the provider's credentials, should the upstream quote them.
        """
        if not failure.body:
            return Exhausted(failure)
        backend = backend_of(candidate.provider)
        safe = replace(failure, body=backend.redacted(failure.body))
        translator, _ = self._translation(backend, candidate)
        body = translator.error(safe)
        return Exhausted(safe, body, unmodified=body == safe.body)
