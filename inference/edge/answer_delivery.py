"""Answers of candidates, and the news that there is none, as the caller gets to see them."""

from __future__ import annotations

from dataclasses import replace

from governance.routing.plan import Candidate, Plan
from inference.dispatch.results import Exhausted
from inference.edge import response_headers
from inference.edge.answer_writer import AnswerWriter
from inference.record.record import RequestContext
from inference.translate.base import StreamTranslator, TranslatedAnswer
from inference.values.error_answer import after_failure, in_stream
from inference.values.failures import Failure, Outcome
from inference.values.held_object import HeldBook


class AnswerDelivery:
    """Puts the headers to an answer that say which way the request went, and writes it."""

    __slots__ = ("_context", "_held", "writer")

    def __init__(
        self, context: RequestContext, writer: AnswerWriter, held: HeldBook | None = None
    ) -> None:
        """`held` is told what the answering provider has made."""
        self._context = context
        self._held = held
        self.writer = writer

    async def begin_stream(self, candidate: Candidate, media_type: str) -> None:
        """The head of a streamed answer, unless a heartbeat opened it before the commit."""
        if not self.writer.started:
            context = self._context
            # The attempt that answers is under way and has no entry yet.
            count = len(context.attempts) + 1
            headers = response_headers.answered(context, candidate, count)
            await self.writer.head(200, [*response_headers.stream(media_type), *headers])

    async def whole(
        self,
        candidate: Candidate,
        answer: TranslatedAnswer,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        context = self._context
        if answer.held is not None and self._held is not None and context.virtual_key is not None:
            # Before the answer: whoever lists next finds it.
            await self._held.note(context.virtual_key.id, candidate.provider.name, answer.held)
        answered = response_headers.answered(context, candidate, len(context.attempts))
        content_type = (b"content-type", answer.media_type.encode("latin-1"))
        await self.writer.respond(200, [content_type, *answered, *headers], answer.body)

    async def break_off(
        self, failure: Failure, body: bytes | None, stream: StreamTranslator
    ) -> None:
        writer = self.writer
        error = in_stream(failure, body, stream.sequence, stream.partial)
        await writer.last(writer.protocol.error_event(error, writer.request_id))

    async def abandon(self) -> None:
        """The answer stays without its end, for which a server closes the connection."""

    async def heartbeat(self) -> None:
        """A sign of life during silence; before the commit it opens the answer early."""
        writer = self.writer
        if not writer.started:
            headers = response_headers.routing_headers(self._context)
            await writer.head(200, [*response_headers.STREAM, *headers])
        await writer.chunk(writer.protocol.HEARTBEAT)

    async def give_up(self, exhausted: Exhausted) -> None:
        """Every candidate failed, or the request itself is at fault."""
        failure, context, writer = exhausted.failure, self._context, self.writer
        context.outcome, context.error_code = failure.outcome, failure.code
        headers = response_headers.routing_headers(context)
        attempts = tuple(str(attempt) for attempt in context.attempts)
        asked = len({(one.provider, one.model) for one in context.attempts})
        headers.append((b"x-pointsman-attempts", str(len(attempts)).encode()))
        if attempts and not exhausted.transient:
            # Whoever asks again gets the same: nothing of what failed may pass.
            headers.append((b"x-should-retry", b"false"))
        callers = _is_the_callers(failure, context.plan)
        wait = exhausted.retry_after
        error = replace(
            after_failure(failure, attempts, exhausted.body, callers=callers, candidates=asked),
            retry_after=wait,
        )
        plain = error.said is not None and (callers or asked == 1)
        plain = plain and not writer.started and not writer.tells_by_event(error)
        if plain and exhausted.unmodified and exhausted.body:
            headers += response_headers.retry_after(wait)
            status = writer.status_of(error)
            await writer.respond(status, [response_headers.JSON, *headers], exhausted.body)
            return
        await writer.refuse(error, headers)


def _is_the_callers(failure: Failure, plan: Plan | None) -> bool:
    """Whether the request itself is at fault, so that the caller alone can mend it.

    That is also so for a model which the caller named, the provider beside it, and which that
    provider does not have.
    """
    if failure.outcome in (Outcome.CALLERS_FAULT, Outcome.TOO_LONG):
        return True
    profile = plan.profile if plan is not None else None
    return (
        failure.code in ("http_404", "unknown_model") and profile is not None and profile.implicit
    )
