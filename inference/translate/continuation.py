"""How another upstream goes on with a stream that broke off. PURE."""

from __future__ import annotations

from collections.abc import Callable

from inference.translate.base import EVENT_STREAM, Outbound, StreamTranslator, Translator
from inference.translate.registry import resumable_between
from inference.translate.seam import ContinuedStream, Prefilled, Repeated, SeamWriter
from inference.translate.sent_stream import ContinuableCaller, SentStream
from inference.values.parsed_request import ParsedRequest
from inference.values.usage import Usage


class Continuation:
    """What was sent of one answer, and the translations of those who may go on with it."""

    def __init__(
        self,
        caller: ContinuableCaller,
        request: ParsedRequest,
        sent: SentStream,
        usage: Usage | None,
    ) -> None:
        """`usage` is what the upstream told whose stream broke off."""
        self._caller = caller
        self._request = request
        self._sent = sent
        self._usage = usage
        self.text = sent.text

    def prefilled(self) -> ParsedRequest | None:
        """The request with what was sent as the beginning of the answer, without the white space
        at its end, which some providers refuse; None where that can not be."""
        text = self.text.rstrip()
        return self._caller.prefilled(self._request, text) if text else None

    def writer(self, *, prefill: bool) -> SeamWriter:
        """What lets through what the caller has not got yet."""
        inner = self._sent.writer(self._request)
        if not prefill:
            return SeamWriter(inner, Repeated(self.text), before=self._usage)
        stops = self._caller.stops(self._request)
        longest = max(map(len, stops), default=1) - 1
        tail = self.text[-longest:] if longest else ""
        return SeamWriter(inner, Prefilled(self.text), before=self._usage, tail=tail, stops=stops)

    def translators(
        self, plain: Callable[[str], Translator], note: bytes, *, prefill: bool
    ) -> Callable[[str], Translator]:
        """Translators by the upstream's protocol: `plain` for the request, and streams that go on
        with what was sent and tell `note` at their end."""

        def of(protocol: str) -> Translator:
            return _Continuing(self, plain(protocol), protocol, note, prefill=prefill)

        return of

    def stream(self, protocol: str, writer: SeamWriter, note: bytes) -> StreamTranslator | None:
        translator = resumable_between(self._caller, protocol)
        if translator is None:
            return None
        return ContinuedStream(translator.resume(self._request, writer), writer, note)


class _Continuing:
    """A translator whose stream goes on with another one."""

    def __init__(
        self,
        continuation: Continuation,
        plain: Translator,
        protocol: str,
        note: bytes,
        *,
        prefill: bool,
    ) -> None:
        self._continuation = continuation
        self._plain = plain
        self._protocol = protocol
        self._note = note
        self._prefill = prefill
        self.answer = plain.answer
        self.error = plain.error

    def request(self, request: ParsedRequest, model: str) -> Outbound:
        return self._plain.request(request, model)

    def stream(self, request: ParsedRequest, media_type: str = EVENT_STREAM) -> StreamTranslator:
        writer = self._continuation.writer(prefill=self._prefill)
        stream = self._continuation.stream(self._protocol, writer, self._note)
        assert stream is not None
        return stream
