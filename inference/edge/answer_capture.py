"""What a caller is given, noted on its way so that it can be given again."""

from __future__ import annotations

from collections.abc import Callable

from governance.routing.plan import Candidate
from inference.cache.cached_answer import LARGEST, AnswerPiece, AnswerSource, CachedAnswer
from inference.edge.answer_delivery import AnswerDelivery
from inference.record.record import RequestContext
from inference.translate.base import StreamTranslator, TranslatedAnswer
from inference.values.failures import Failure


class AnswerCapture:
    """A delivery that hands everything on to another one. Signs of life do not come this way."""

    def __init__(self, delivery: AnswerDelivery, clock: Callable[[], float]) -> None:
        """`clock` is in seconds and never goes back."""
        self._delivery = delivery
        self._clock = clock
        self._began: float | None = None
        self._pieces: list[AnswerPiece] = []
        self._size = 0
        self._media_type = ""
        self._ended = False
        self._spoilt = False
        self.candidate: Candidate | None = None
        """Who answers."""

    @property
    def writer(self) -> AnswerCapture:
        return self

    async def begin_stream(self, candidate: Candidate, media_type: str) -> None:
        self.candidate, self._media_type = candidate, media_type
        await self._delivery.begin_stream(candidate, media_type)

    async def whole(
        self,
        candidate: Candidate,
        answer: TranslatedAnswer,
        headers: tuple[tuple[bytes, bytes], ...] = (),
    ) -> None:
        self.candidate, self._media_type = candidate, answer.media_type
        self._add(answer.body)
        await self._delivery.whole(candidate, answer, headers)
        self._ended = True

    async def break_off(
        self, failure: Failure, body: bytes | None, stream: StreamTranslator
    ) -> None:
        self._spoilt = True
        await self._delivery.break_off(failure, body, stream)

    async def abandon(self) -> None:
        self._spoilt = True
        await self._delivery.abandon()

    async def chunk(self, data: bytes) -> None:
        self._add(data)
        await self._delivery.writer.chunk(data)

    async def last(self, data: bytes) -> None:
        self._add(data)
        await self._delivery.writer.last(data)
        self._ended = True

    def _add(self, data: bytes) -> None:
        if self._spoilt:
            return
        now = self._clock()
        if self._began is None:
            self._began = now
        self._size += len(data) + 128
        if self._size > LARGEST:
            self._spoilt = True
            self._pieces.clear()
        else:
            self._pieces.append(AnswerPiece(round(now - self._began, 4), data))

    def answer(self, context: RequestContext, now: float, *, stream: bool) -> CachedAnswer | None:
        """What was given, if that is all of it and not too much. `now` is Unix time in seconds."""
        candidate = self.candidate
        if candidate is None or self._spoilt or not self._ended:
            return None
        return CachedAnswer(
            source=source_of(candidate),
            made=now,
            media_type=self._media_type,
            stream=stream,
            pieces=tuple(self._pieces),
            model=context.model,
            finish_reason=context.finish_reason,
            dropped=context.dropped,
        )


def source_of(candidate: Candidate) -> AnswerSource:
    provider = candidate.provider
    return AnswerSource(provider.name.casefold(), provider.kind, provider.base_url, candidate.model)
