"""Another target goes on with a stream that broke off behind the commit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

import structlog

from governance.kinds import kind_named
from governance.routing.plan import Candidate
from governance.routing.table import Profile
from inference.dispatch.attempt import Attempt
from inference.dispatch.chain import Chain
from inference.dispatch.exchange import Exchange
from inference.dispatch.relay import ChunkWriter, read_to_end, relay
from inference.dispatch.results import StreamResult
from inference.dispatch.sent_buffer import SentBuffer
from inference.record.record import RequestContext
from inference.translate.base import TranslatedAnswer
from inference.translate.continuation import Continuation
from inference.translate.hub import DirectCaller
from inference.translate.seam import DIFFERS
from inference.translate.sent_stream import ContinuableCaller, continuable
from inference.values.failures import Failure, Outcome
from inference.values.parsed_request import ParsedRequest

log = structlog.get_logger("pointsman.dispatch")

CONTINUED: Final = "continued"
"""The code of an attempt that went on with an answer."""


def buffer_for(
    caller: DirectCaller | None, request: ParsedRequest, profile: Profile
) -> SentBuffer | None:
    """What keeps a stream's text while another target may have to go on with it; None where the
    profile forbids that or its caller's protocol knows no such thing."""
    if profile.on_broken_stream != "continue" or caller is None:
        return None
    half = continuable(caller)
    return None if half is None else SentBuffer(half, request)


class Continuing:
    """One continuation, the only one of its request.

    `broken`, `attempt` and `failure` are what the stream ends in when nobody goes on with it.
    """

    def __init__(
        self,
        request: ParsedRequest,
        context: RequestContext,
        broken: StreamResult,
        attempt: Attempt,
        failure: Failure,
    ) -> None:
        self._request = request
        self._context = context
        self.broken = broken
        self.attempt = attempt
        self.failure = failure

    async def run(
        self,
        caller: DirectCaller | None,
        chain: Chain,
        exchange: Exchange,
        writer: ChunkWriter,
        attempts: Callable[[Candidate], Attempt],
    ) -> bool:
        """Whether a target of `chain` went on to the end. `attempts` begins one."""
        buffer = self.broken.sent
        sent = None if buffer is None else buffer.read()
        if sent is None or self.failure.outcome is not Outcome.RETRYABLE:
            return False
        assert isinstance(caller, ContinuableCaller)
        before = self.broken.translator.usage
        self._context.attempts[-1].usage = before
        continuation = Continuation(caller, self._request, sent, before)
        while (candidate := chain.next_target()) is not None:
            for request, prefill in _roads(continuation, self._request, candidate):
                note = f": x-pointsman-continued: {candidate.provider.name}/{candidate.model}\n\n"
                translators = continuation.translators(
                    exchange.translators, note.encode(), prefill=prefill
                )
                result: StreamResult | TranslatedAnswer | None = None
                with attempts(candidate) as attempt:
                    attempt.code = CONTINUED
                    attempt.acquire(stream=True)
                    result = await exchange.ask(attempt, request, translators, waits=True)
                    assert isinstance(result, StreamResult)
                    await self._relay(result, attempt, writer)
                if await self._ended(attempt, result):
                    return attempt.failure is None
                assert attempt.failure is not None
                if not (prefill and _refused(attempt.failure)):
                    break
        return False

    async def _relay(self, result: StreamResult, attempt: Attempt, writer: ChunkWriter) -> None:
        attempt.committed = True
        context, candidate, translator = self._context, attempt.candidate, result.translator
        log.info(
            "stream_continued",
            request_id=context.id,
            provider=candidate.provider.name,
            model=candidate.model,
        )
        attempt.deadlines.writing()
        try:
            await relay(result, writer, attempt.deadlines)
        finally:
            context.model = translator.model or candidate.model
            context.usage, context.finish_reason = translator.usage, translator.finish_reason

    async def _ended(
        self, attempt: Attempt, result: StreamResult | TranslatedAnswer | None
    ) -> bool:
        """Whether nobody else is to be asked: it was continued, as far as that went, or the next
        answer is another one."""
        if isinstance(result, StreamResult) and attempt.failure is None:
            await read_to_end(result.reply)
        elif isinstance(result, StreamResult):
            assert attempt.failure is not None
            self.broken, self.attempt, self.failure = result, attempt, attempt.failure
        elif attempt.failure is not DIFFERS:
            return False
        return True


def _roads(
    continuation: Continuation, request: ParsedRequest, candidate: Candidate
) -> Iterator[tuple[ParsedRequest, bool]]:
    """The requests by which a target may go on, and whether each shows it the beginning."""
    kind = kind_named(candidate.provider.kind)
    if kind is not None and kind.takes_prefill(candidate.model):
        begun = continuation.prefilled()
        if begun is not None:
            yield begun, True
    yield request, False


def _refused(failure: Failure) -> bool:
    """Whether the target does not take the beginning of an answer, as far as it says."""
    return failure.outcome in (Outcome.CALLERS_FAULT, Outcome.UNFIT)
