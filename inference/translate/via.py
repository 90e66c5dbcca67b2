"""Two halves composed: a caller's protocol to chat completions, and these to an upstream's."""

from __future__ import annotations

from collections.abc import Callable

from inference.translate.base import (
    EVENT_STREAM,
    JSON,
    Inexpressible,
    Outbound,
    StreamTranslator,
    TranslatedAnswer,
    Translator,
)
from inference.translate.hub import CallerSide, DirectCaller, UpstreamSide
from inference.translate.tool_names import restored_answer, restored_stream
from inference.values.failures import Failure
from inference.values.parsed_request import ParsedRequest


class Composed:
    """The translator of a caller's half and an upstream's. Nothing is encoded in between."""

    def __init__(self, caller: CallerSide, upstream: UpstreamSide) -> None:
        self._caller = caller
        self._upstream = upstream

    def request(self, request: ParsedRequest, model: str) -> Outbound:
        try:
            return self._upstream.request(self._caller.chat(request), model)
        except RecursionError:
            raise Inexpressible("body", "The request is nested too deeply.") from None

    def stream(self, request: ParsedRequest, media_type: str = EVENT_STREAM) -> StreamTranslator:
        return restored_stream(self._upstream.stream(self._caller.writer(request)), request)

    def answer(
        self, request: ParsedRequest, body: bytes, media_type: str = JSON
    ) -> TranslatedAnswer:
        answer = self._upstream.answer(self._caller.writer(request), body)
        return restored_answer(answer, request)

    def error(self, failure: Failure) -> bytes | None:
        said = self._upstream.error(failure)
        return self._caller.error(failure, said) if said is not None else None


def composed(upstream: UpstreamSide) -> Callable[[DirectCaller], Translator]:
    """The function from a caller's half to the translator towards this upstream's."""

    def of(caller: DirectCaller) -> Translator:
        if not isinstance(caller, CallerSide):
            raise LookupError(f"{caller} has no way to say its requests as chat completions.")
        return Composed(caller, upstream)

    return of
