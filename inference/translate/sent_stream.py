"""What a caller was sent of a stream, read back: so that another upstream can go on with it. PURE.

The state of a stream that broke is told by nothing but the events its caller has got.
"""

from __future__ import annotations

from functools import cache
from typing import Final, Protocol, runtime_checkable

import msgspec

from inference.protocols.sse import Event, EventTooLarge, Parser
from inference.translate.hub import CallerSide, DirectCaller, HubWriter
from inference.values.parsed_request import ParsedRequest

_ODD: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, EventTooLarge, KeyError)


class SentStream:
    """The text of the events so far. A subclass says what an event adds, and how to go on."""

    __slots__ = ("_parser", "_texts", "plain", "size")

    def __init__(self) -> None:
        self._parser = Parser()
        self._texts: list[str] = []
        self.plain = True
        """Nothing but text was sent, and no end: only that can be continued."""
        self.size = 0
        """Characters of text."""

    @property
    def text(self) -> str:
        return "".join(self._texts)

    def feed(self, data: bytes) -> None:
        """Takes whole events, in the caller's protocol."""
        try:
            for event in self._parser.feed(data):
                if self.plain:
                    self._event(event)
        except _ODD:
            self.plain = False

    def writer(self, request: ParsedRequest) -> HubWriter:
        """What goes on where these events end."""
        raise NotImplementedError

    def _event(self, event: Event) -> None:
        raise NotImplementedError

    def _say(self, text: str) -> None:
        self._texts.append(text)
        self.size += len(text)


@runtime_checkable
class ContinuableCaller(CallerSide, Protocol):
    """The half of callers whose broken streams another upstream can go on with."""

    def sent(self, request: ParsedRequest) -> SentStream | None:
        """What reads back its answer; None where the request forbids to go on with one."""
        ...

    def prefilled(self, request: ParsedRequest, text: str) -> ParsedRequest | None:
        """The request with `text` as what its answer begins with; None where that can not be."""
        ...

    def stops(self, request: ParsedRequest) -> tuple[str, ...]:
        """The strings that end its answer."""
        ...


@cache
def continuable(caller: DirectCaller) -> ContinuableCaller | None:
    """The half, if its streams can be continued. Found out once: asking a protocol is slow."""
    return caller if isinstance(caller, ContinuableCaller) else None
