"""What every stream translator has in common: bytes to events, the end, and what may break."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from inference.protocols.sse import MAX_EVENT, Event, EventTooLarge, Parser
from inference.translate.base import EVENT_STREAM
from inference.values.failures import Failure, broken
from inference.values.usage import Usage

_BLANK: Final = b" \t\r\n\xef\xbb\xbf"


class EventStream:
    """A stream translator over server-sent events. A subclass says what one event becomes.

    Some upstreams answer a request for a stream with one JSON document. It is collected and
    handed on as the stream it should have been.
    """

    __slots__ = (
        "_document",
        "_ends",
        "_parser",
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
        if len(events) == 1:
            return self._event(*events[0])
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
                break
        return b"".join(out)

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
