"""One candidate is asked: from the request in its words to a committed stream or a whole answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import msgspec

from governance.routing.plan import Candidate
from inference.dispatch.attempt import Attempt
from inference.dispatch.chain import INEXPRESSIBLE
from inference.dispatch.health import HealthBook
from inference.dispatch.large_bodies import LARGE, apart
from inference.dispatch.priority import priority
from inference.dispatch.reading import open_stream, read_whole
from inference.dispatch.repairing import RepairedRequest
from inference.dispatch.results import Exhausted, StreamResult
from inference.dispatch.seals import seal_for
from inference.dispatch.upstream_protocol import RESPONSES, upstream_protocol
from inference.record.record import RequestContext
from inference.translate.answer_limit import room_for, with_limit
from inference.translate.base import JSON, Inexpressible, Outbound, TranslatedAnswer, Translator
from inference.translate.making_held import own_ids
from inference.translate.shelves import SEAM
from inference.upstream import Client, Reply
from inference.upstream.backend import Backend, backend_of
from inference.upstream.provider_request import send
from inference.values.failures import AttemptFailed, Failure, Outcome, reworded
from inference.values.parsed_request import ParsedRequest
from inference.values.raw_search import holds


class Exchange:
    """What all attempts of one request have in common: who asks, by which client and book."""

    __slots__ = ("_client", "_context", "book", "request", "translators")

    def __init__(
        self,
        request: ParsedRequest,
        context: RequestContext,
        client: Client,
        book: HealthBook,
        translators: Callable[[str], Translator],
    ) -> None:
        """`translators` gives the translator towards an upstream's protocol."""
        self.request = request
        self._context = context
        self._client = client
        self.book = book
        self.translators = translators

    async def ask(
        self,
        attempt: Attempt,
        request: ParsedRequest | None = None,
        translators: Callable[[str], Translator] | None = None,
        *,
        waits: bool = False,
    ) -> StreamResult | TranslatedAnswer:
        """The candidate's committed stream or its whole answer. The attempt has its permit.

        It is asked the request itself, or `request` in its usual protocol by other `translators`.
        With `waits` the deadline of the first event is over once anything comes: the stream says
        again what is known before it commits. Raises what `Attempt` takes.
        """
        candidate, stream = attempt.candidate, self.request.routing_request.stream
        backend = backend_of(candidate.provider)
        try:
            if len(self.request.body) >= LARGE:
                translator, said, outbound = await apart(
                    self._said, backend, candidate, request, translators
                )
            else:
                translator, said, outbound = self._said(backend, candidate, request, translators)
        except Inexpressible as error:
            raise AttemptFailed(
                Failure(Outcome.UNFIT, INEXPRESSIBLE, error.message, 400, field=error.field)
            ) from None
        reply = await self._send(said, backend, outbound, attempt)
        words = backend.kind.failure_words
        try:
            if stream:
                arrived = attempt.deadlines.touch if waits else None
                if arrived is None and backend.kind.tells_progress:
                    arrived = attempt.deadlines.progress
                result = await open_stream(translator, said, reply, arrived)
                result.signs_of_life = backend.kind.signs_of_life
                return result
            return await read_whole(
                translator, said, reply, attempt.deadlines, streamed=outbound.streamed
            )
        except AttemptFailed as failed:
            raise AttemptFailed(reworded(failed.failure, words)) from None

    def _said(
        self,
        backend: Backend,
        candidate: Candidate,
        request: ParsedRequest | None,
        translators: Callable[[str], Translator] | None,
    ) -> tuple[Translator, ParsedRequest, Outbound]:
        """What `ask` is to ask for, in the candidate's words. Raises `Inexpressible`."""
        if request is None or translators is None:
            translator, request, outbound = self._outbound(backend, candidate)
        else:
            translator = translators(backend.kind.translation(candidate.model))
            request = msgspec.structs.replace(request, model_facts=candidate.facts)
            outbound = translator.request(request, candidate.model)
        outbound = self._with_own_files(outbound, candidate)
        return translator, request, _limited(request, backend, candidate, outbound)

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
            usual = self.translators(backend.kind.translation(candidate.model))
            unsealed = msgspec.structs.replace(request, seal=None)
            return usual, unsealed, usual.request(unsealed, candidate.model)

    def _translation(
        self, backend: Backend, candidate: Candidate
    ) -> tuple[Translator, ParsedRequest]:
        """How the candidate is spoken to, and the request with what that takes."""
        request = msgspec.structs.replace(self.request, model_facts=candidate.facts)
        protocol = upstream_protocol(candidate, request, backend.kind.translation(candidate.model))
        if protocol == RESPONSES or request.sealed:
            seal = seal_for(self._context.virtual_key, candidate.provider.name)
            request = msgspec.structs.replace(request, seal=seal)
        return self.translators(protocol), request

    def _with_own_files(self, outbound: Outbound, candidate: Candidate) -> Outbound:
        """With files called as the candidate calls them, of those that this key was given there.
        Raises `Inexpressible`."""
        if not holds(outbound.body, SEAM):
            return outbound
        seal = seal_for(self._context.virtual_key, candidate.provider.name)
        return msgspec.structs.replace(outbound, body=own_ids(outbound.body, seal))

    async def _send(
        self, request: ParsedRequest, backend: Backend, outbound: Outbound, attempt: Attempt
    ) -> Reply:
        """The reply to the request, repaired where the provider refuses a part of it."""
        candidate = attempt.candidate
        repairs = RepairedRequest(self.book.repairs, backend, candidate.model, outbound.body)
        await repairs.prepare()
        reply = await self._ask_once(request, backend, outbound, repairs, attempt)
        while repairs.refused_by(reply):
            await repairs.mend(reply)
            attempt.deadlines.unguard()
            reply = await self._ask_once(request, backend, outbound, repairs, attempt)
        return reply

    async def _ask_once(
        self,
        request: ParsedRequest,
        backend: Backend,
        outbound: Outbound,
        repairs: RepairedRequest,
        attempt: Attempt,
    ) -> Reply:
        candidate = attempt.candidate
        attempt.dropped = self._context.dropped = outbound.dropped + repairs.dropped
        key = self._context.virtual_key
        extra = outbound.headers
        if outbound.content_type != JSON:
            extra = (*extra, (b"content-type", outbound.content_type.encode()))
        if backend.kind.priority_header and key is not None:
            place = priority(key.priority, request.priority)
            if place != "normal":
                extra = (*extra, (backend.kind.priority_header.encode(), place.encode()))
        if request.form is not None and not request.form.complete:
            # How long a caller takes to send it is not the provider's doing.
            attempt.deadlines.suspend()
            request.form.when_complete(attempt.deadlines.resume)
        reply = await send(
            self._client,
            backend,
            b"POST",
            outbound.path,
            outbound.form or repairs.body,
            model=candidate.model,
            caller=request.headers,
            extra=extra,
            stream=request.routing_request.stream,
            connect_timeout=backend.provider.connect_timeout,
            on_start=attempt.started,
        )
        attempt.answered()
        self.book.observe(candidate.provider, candidate.model, reply.headers)
        return reply

    def told(self, candidate: Candidate, failure: Failure) -> Exhausted:
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


def _limited(
    request: ParsedRequest, backend: Backend, candidate: Candidate, outbound: Outbound
) -> Outbound:
    """The request with a limit where local inference would go on until its context is full.

    The engine has one of its own for models whose longest answer nobody tells. A local server that
    a target names is asked as its operator had it.
    """
    engine, facts = backend.kind.engine, candidate.facts
    if not (facts.max_output_tokens if engine else candidate.is_local_fallback):
        return outbound
    tokens = request.routing_request.features.prompt_tokens
    limit = room_for(facts.max_output_tokens, facts.context_length, tokens)
    return msgspec.structs.replace(outbound, body=with_limit(outbound.body, limit))
