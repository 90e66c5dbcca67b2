"""What every stream translator has in common: bytes to events, the end, and what may break."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from inference.protocols.sse import MAX_EVENT, Event, EventTooLarge, Parser
from inference.translate.base import EVENT_STREAM
from inference.translate.text_run import TextForm, TextRun
from inference.values.failures import Failure, broken
from inference.values.usage import Usage

_BLANK: Final = b" \t\r\n\xef\xbb\xbf"
_LOOKS: Final = 16
"""How often one stream is looked at anew for a run of text."""


class EventStream:
    """A stream translator over server-sent events. A subclass says what one event becomes.

    Some upstreams answer a request for a stream with one JSON document. It is collected and
    handed on as the stream it should have been.
    """

    text_form: ClassVar[TextForm | None] = None
    """Where events of text have it, in a protocol whose runs of text are translated at once."""

    __slots__ = (
        "_document",
        "_ends",
        "_looks",
        "_parser",
        "_run",
        "_started",
        "committed",
        "failure",
        "finish_reason",
        "finished",
        "model",
        "usage",
    )

    def __init__(self) -> None:
        self.committed = False
        self.finished = False
        self.failure: Failure | None = None
        self.usage: Usage | None = None
        self.model = ""
        self.finish_reason = ""
        self._parser = Parser()
        self._document: bytearray | None = None
        self._started = False
        self._ends = False
        """The model has told why it stops: a clean end of the body is then the answer's end."""
        self._run: TextRun | None = None
        self._looks = _LOOKS if self.text_form is not None else 0

    @property
    def media_type(self) -> str:
        return EVENT_STREAM

    @property
    def sequence(self) -> int:
        """Only the Responses API counts its events."""
        return 0

    @property
    def partial(self) -> Mapping[str, Any] | None:
        """Only the Responses API tells the answer again when it breaks."""
        return None

    def feed(self, chunk: bytes) -> bytes:
        if b"\r" in chunk or not (self._looks or self._run):
            return self._read(chunk)
        out: list[bytes] = []
        at = 0
        while self._parser.at_border:
            if self._run is not None:
                text, at, characters = self._run.translated(chunk, at)
                self._passed_over(characters)
                out.append(text)
                if at == len(chunk):
                    return b"".join(out)
                self._run = None
            end = chunk.find(b"\n\n", at) + 2
            if end < 2 or end == len(chunk) or not self._looks:
                break
            # The first of some events may tell how to translate those behind it.
            out.append(self._read(chunk[at:end]))
            at = end
        out.append(self._read(chunk[at:]))
        return b"".join(out)

    def _passed_over(self, characters: int) -> None:
        """So much text was translated without having been read."""

    def _read(self, chunk: bytes) -> bytes:
        if self.failure is not None or self.finished:
            return b""
        if not self._started:
            head = chunk.lstrip(_BLANK)
            self._started = bool(head)
            if head.startswith(b"{"):
                self._document = bytearray()
        if self._document is not None:
            return self._collect(chunk)
        try:
            events = self._parser.feed(chunk)
        except EventTooLarge as error:
            self.failure = broken("event_too_large", str(error))
            return b""
        return self._events(events)

    def end(self) -> bytes:
        if self.failure is not None or self.finished:
            return b""
        if self._document is None:
            out = self._events(self._parser.end())
        else:
            events = self._unrolled(bytes(self._document))
            if isinstance(events, Failure):
                self.failure = events
                return b""
            out = self._events(events)
        if self.failure is None and not self.finished:
            if self._ends and self.committed:
                self.finished = True
                return out + self._done()
            self.failure = broken("truncated", "The provider's stream stopped before its end.")
        return out

    def cut(self) -> bytes | None:
        if self.failure is None and not self.finished and self._ends and self.committed:
            self.finished = True
            return self._done()
        return None

    def _events(self, events: list[Event]) -> bytes:
        out = []
        for name, data in events:
            out.append(self._event(name, data))
            if self.failure is not None or self.finished:
                return b"".join(out)
        if self._looks and self.committed and out:
            self._look(events[-1], out[-1])
        return b"".join(out)

    def _look(self, event: Event, out: bytes) -> None:
        """Whether a run of text begins with an event that became `out`."""
        if out and self.text_form is not None and self.text_form.opening.search(event.data):
            self._looks -= 1
            self._run = TextRun.of(self.text_form, event, out)

    def _collect(self, chunk: bytes) -> bytes:
        assert self._document is not None
        self._document += chunk
        if len(self._document) > MAX_EVENT:
            self.failure = broken("answer_too_large", f"The answer is over {MAX_EVENT} bytes.")
        return b""

    def _event(self, name: bytes, data: bytes) -> bytes:
        """What the caller gets for one event of the upstream."""
        raise NotImplementedError

    def _done(self) -> bytes:
        """What is owed to the caller at the regular end."""
        raise NotImplementedError

    def _unrolled(self, document: bytes) -> list[Event] | Failure:
        """A whole answer as the events the upstream would have sent."""
        raise NotImplementedError
