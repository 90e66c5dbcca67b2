"""Tries candidates in order until one commits.

An attempt either ends in a `StreamResult` or a `WholeResult`, which the caller then gets, or in a
`Failure`. Nothing has reached the caller before that, so a failure costs only time.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import structlog

from governance.routing.plan import Candidate
from inference.dispatch.deadlines import Deadlines, Expired
from inference.dispatch.failures import Failure, Outcome, broken, of_status
from inference.dispatch.health import HealthBook, Permit
from inference.dispatch.results import Exhausted, StreamResult, WholeResult
from inference.dispatch.retry_after import seconds_to_wait
from inference.dispatch.timer_wheel import TimerWheel
from inference.endpoints.parsed_request import ParsedRequest
from inference.endpoints.priority import priority
from inference.record.record import Attempt, RequestContext
from inference.translate import translator_for
from inference.translate.base import Inexpressible, Outbound, StreamedTranslator, Translator
from inference.upstream import Client, ConnectFailed, ConnectTimedOut, Reply, UpstreamError
from inference.upstream.backend import (
    Backend,
    UnusableProvider,
    backend_of,
    first_event_timeout,
)
from inference.upstream.provider_request import send
from inference.upstream.tokens import TokenUnavailable

log = structlog.get_logger("pointsman.dispatch")

ERROR_LIMIT: Final = 1024 * 1024
"""Bytes of an upstream's error that are kept."""
INEXPRESSIBLE: Final = "inexpressible"
"""The code of a failure that lies in the request and the candidate's protocol alone."""
ANSWER_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of a whole answer."""


class Dispatcher:
    """Carries one request through its candidates."""

    def __init__(
        self,
        inbound: ParsedRequest,
        journey: RequestContext,
        client: Client,
        book: HealthBook,
        loop: asyncio.AbstractEventLoop,
        sweep: TimerWheel,
        pairs: Callable[[str, str], Translator] = translator_for,
    ) -> None:
        """`pairs` gives the pair of a request type and an upstream's protocol."""
        self._pairs = pairs
        self._inbound = inbound
        self._journey = journey
        self._client = client
        self._book = book
        self._loop = loop
        self._sweep = sweep
        self._began = 0.0
        self._slot: Permit | None = None

    async def run(
        self, candidates: tuple[Candidate, ...]
    ) -> StreamResult | WholeResult | Exhausted:
        """One candidate after the other until one commits, or none is left to try."""
        gave_up = Exhausted(broken("no_candidate", "There is nothing to try.", 503))
        tried = False
        for candidate in candidates:
            if candidate.is_local_fallback and gave_up.failure.code == INEXPRESSIBLE:
                # The request asks for too much, nobody has failed: its caller is to know.
                break
            self._began = self._loop.time()
            self._slot = self._book.take(candidate.provider, candidate.model)
            if self._slot is None:
                gave_up = Exhausted(_saturated(candidate))
                self.note(candidate, gave_up.failure)
                continue
            if candidate.is_local_fallback and self._journey.attempts:
                log.warning(
                    "fell_to_local",
                    request_id=self._journey.id,
                    provider=candidate.provider.name,
                    failed=[str(attempt) for attempt in self._journey.attempts],
                )
            try:
                result = await self._try(candidate)
            except asyncio.CancelledError:
                self.cancelled(candidate)
                raise
            if not isinstance(result, Failure):
                return result
            # That a protocol lacks the words is no news beside a provider that failed.
            if not (tried and result.outcome is Outcome.UNFIT):
                gave_up = self.told(candidate, result)
            tried = True
            self.failed(candidate, result)
            if not result.moves_on:
                break
        return gave_up

    def told(self, candidate: Candidate, failure: Failure) -> Exhausted:
        """The failure with what the upstream said about it, in the caller's protocol.

        Nobody is shown the provider's credentials, should the upstream quote them.
        """
        if not failure.body:
            return Exhausted(failure)
        safe = replace(failure, body=backend_of(candidate.provider).redacted(failure.body))
        body = self._pair(candidate).error(safe)
        return Exhausted(safe, body, unmodified=body == safe.body)

    def succeeded(self, candidate: Candidate, status: int = 200) -> None:
        """The answer was delivered to its end."""
        if slot := self._taken():
            self._book.succeeded(slot)
        self._write(candidate, "ok", "ok", status)

    def failed(self, candidate: Candidate, failure: Failure) -> None:
        if slot := self._taken():
            self._book.failed(slot, failure)
        self.note(candidate, failure)

    def cancelled(self, candidate: Candidate) -> None:
        """The caller left; that says nothing about the provider."""
        if slot := self._taken():
            self._book.abandoned(slot)
            self._write(candidate, Outcome.CANCELLED, "cancelled", 0)

    def close(self) -> None:
        """Whatever happened, nothing stays taken."""
        if slot := self._taken():
            self._book.abandoned(slot)

    def _taken(self) -> Permit | None:
        """The slot of the attempt under way, once: it is given back exactly one time."""
        slot, self._slot = self._slot, None
        return slot

    def note(self, candidate: Candidate, failure: Failure) -> None:
        status = int(failure.code[5:]) if failure.code.startswith("http_") else 0
        self._write(candidate, failure.outcome, failure.code, status)

    def _write(self, candidate: Candidate, outcome: str, code: str, status: int) -> None:
        self._journey.attempts.append(
            Attempt(
                candidate.provider.name,
                candidate.model,
                str(outcome),
                code,
                status,
                (self._loop.time() - self._began) * 1000,
                candidate.is_local_fallback,
            )
        )

    def _pair(self, candidate: Candidate) -> Translator:
        protocol = backend_of(candidate.provider).kind.translation
        return self._pairs(self._inbound.ask.request_type, protocol)

    async def _try(self, candidate: Candidate) -> StreamResult | WholeResult | Failure:
        self._journey.dropped = ()
        try:
            backend = backend_of(candidate.provider)
            pair = self._pairs(self._inbound.ask.request_type, backend.kind.translation)
            outbound = pair.request(self._inbound, candidate.model)
            self._journey.dropped = outbound.dropped
        except UnusableProvider as error:
            return Failure(Outcome.MISCONFIGURED, "unusable_provider", str(error))
        except Inexpressible as error:
            return Failure(Outcome.UNFIT, INEXPRESSIBLE, error.message, 400, field=error.field)
        provider = candidate.provider
        stream = self._inbound.ask.stream
        watch = Deadlines(
            self._loop,
            self._sweep,
            first_event=first_event_timeout(provider, stream=stream),
            idle=provider.idle_timeout,
            total=provider.total_timeout,
        )
        settled = False
        try:
            reply = await self._send(backend, outbound, watch.guard)
            self._book.observe(provider, candidate.model, reply.headers)
            if not 200 <= reply.status < 300:
                return await self._refused(reply, backend)
            result: StreamResult | WholeResult | Failure
            if stream:
                result = await self._open(candidate, pair, reply, watch, outbound)
            else:
                result = await self._whole(candidate, pair, reply, watch, outbound)
            settled = isinstance(result, StreamResult)
            return result
        except Expired as error:
            return error.failure
        except ConnectTimedOut:
            return broken("connect_timeout", "The provider did not accept a connection.", 504)
        except ConnectFailed:
            return broken("connect_failed", "The provider could not be reached.")
        except TokenUnavailable as error:
            return Failure(Outcome.MISCONFIGURED, "token_unavailable", str(error))
        except UpstreamError:
            return broken("stream_died", "The provider's answer broke off.")
        except Exception as error:
            # Ours, not the provider's: another candidate may need less of what is broken here.
            log.error("attempt_crashed", request_id=self._journey.id, exc_info=error)
            return Failure(
                Outcome.UNFIT, "internal_error", "The gateway failed to carry the answer.", 500
            )
        finally:
            if not settled:
                watch.stop()
                watch.drop()

    async def _send(
        self, backend: Backend, outbound: Outbound, guard: Callable[[Reply], None]
    ) -> Reply:
        provider = backend.provider
        extra = outbound.headers
        grant = self._journey.grant
        if backend.kind.priority_header and grant is not None:
            place = priority(grant.priority, self._inbound.priority)
            if place != "normal":
                extra = (*extra, (backend.kind.priority_header.encode(), place.encode()))
        return await send(
            self._client,
            backend,
            b"POST",
            outbound.path,
            outbound.body,
            caller=self._inbound.headers,
            extra=extra,
            stream=self._inbound.ask.stream,
            connect_timeout=provider.connect_timeout,
            on_start=guard,
        )

    async def _refused(self, reply: Reply, backend: Backend) -> Failure:
        body = b""
        with contextlib.suppress(UpstreamError):
            body = await reply.read_all(ERROR_LIMIT)
        wait = seconds_to_wait(reply.headers, time.time())
        return of_status(reply.status, body, wait, backend.kind.failure_words)

    async def _open(
        self,
        candidate: Candidate,
        pair: Translator,
        reply: Reply,
        watch: Deadlines,
        outbound: Outbound,
    ) -> StreamResult | Failure:
        relay = pair.stream(self._inbound)
        first = b""
        ended = False
        while not relay.committed and not ended:
            chunk = await reply.read()
            if chunk:
                first += relay.feed(chunk)
            else:
                ended = True
                first += relay.end()
            if relay.failure is not None:
                return relay.failure
        if not relay.committed:
            return broken("empty_answer", "The provider ended its answer before it began.")
        watch.touch()
        return StreamResult(candidate, pair, relay, reply, watch, first, ended, outbound.dropped)

    async def _whole(
        self,
        candidate: Candidate,
        pair: Translator,
        reply: Reply,
        watch: Deadlines,
        outbound: Outbound,
    ) -> WholeResult | Failure:
        if outbound.streamed and isinstance(pair, StreamedTranslator):
            body = await self._gathered(pair, reply, watch)
        else:
            body = await reply.read_all(ANSWER_LIMIT, watch.touch)
        answer = pair.answer(self._inbound, body)
        if answer.failure is not None:
            return answer.failure
        return WholeResult(candidate, answer, outbound.dropped)

    async def _gathered(self, pair: StreamedTranslator, reply: Reply, watch: Deadlines) -> bytes:
        """The answer of an upstream that streams where the caller wants the whole."""
        intake = pair.intake(self._inbound)
        parts: list[bytes] = []
        while not intake.finished and (chunk := await reply.read()):
            parts.append(intake.feed(chunk))
            if parts[-1]:
                watch.touch()
        return b"".join(parts)


def _saturated(candidate: Candidate) -> Failure:
    message = f"The provider {candidate.provider.name!r} is at its limit of requests."
    return Failure(Outcome.RETRYABLE, "saturated", message, 503, retry_after=1)
