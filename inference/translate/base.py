"""The interface of a translation between a caller's protocol and an upstream's.

A translator is stateless and shared; a stream translator carries the state of one stream and
lives for one attempt.
Everything here is pure: bytes in, bytes out, no IO; a clock, where a protocol tells the time, is
passed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Protocol, runtime_checkable

import msgspec

from inference.values.arriving_form import FormBody
from inference.values.failures import Failure
from inference.values.held_object import HeldObject
from inference.values.parsed_request import ParsedRequest
from inference.values.usage import Usage

JSON: Final = "application/json"
EVENT_STREAM: Final = "text/event-stream"


class Outbound(msgspec.Struct, frozen=True, gc=False):
    """A request as the upstream wants it."""

    path: str
    """Below the provider's base URL, as in `/chat/completions`."""
    body: bytes
    dropped: tuple[str, ...] = ()
    """Hints of the caller that the upstream's protocol cannot express."""
    headers: tuple[tuple[bytes, bytes], ...] = ()
    """Headers the translation itself requires, beside those of the provider."""
    streamed: bool = False
    """The upstream streams even where the caller wants a whole answer; the translator is then a
    `StreamedTranslator`."""
    content_type: str = JSON
    form: FormBody | None = None
    """In the place of `body`, of which it is then empty, where it is still on its way."""

    def __repr__(self) -> str:
        """Without what the caller said."""
        return f"Outbound({self.path!r}, {len(self.body)} bytes)"


class TranslatedAnswer(msgspec.Struct, frozen=True, gc=False):
    """A complete answer in the caller's protocol."""

    body: bytes
    model: str = ""
    usage: Usage | None = None
    finish_reason: str = ""
    failure: Failure | None = None
    """Set when the upstream's 200 does not hold an answer; `body` is then empty."""
    media_type: str = JSON
    held: HeldObject | None = None
    """What the upstream has made and holds from now on."""

    def __repr__(self) -> str:
        """Without what the model said."""
        return f"Answer({self.model!r}, {len(self.body)} bytes, {self.failure!r})"


class Inexpressible(Exception):
    """The upstream's protocol has no way to say what the request says; names the field."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.message = message


class StreamTranslator(Protocol):
    """One stream on its way from the upstream to the caller.

    `feed` takes whatever arrived, cut at any byte, and returns complete events for the caller (or
    nothing). It never raises for what an upstream sent: it sets `failure` instead, and what it
    returned until then is whole.

    What is returned before `committed` is held back by whoever relays, so that another attempt
    can take its place. An upstream that answers with one JSON document instead of a stream is
    understood: `end` then returns the whole stream at once.
    """

    @property
    def committed(self) -> bool:
        """A meaningful event (text, tool call, reasoning, or a complete answer) was returned."""
        ...

    @property
    def finished(self) -> bool:
        """The protocol's own end was seen and returned."""
        ...

    @property
    def failure(self) -> Failure | None: ...

    @property
    def usage(self) -> Usage | None: ...

    @property
    def model(self) -> str:
        """The model that answers, by its own word; empty until known."""
        ...

    @property
    def finish_reason(self) -> str: ...

    @property
    def media_type(self) -> str:
        """The content type of the caller's stream."""
        ...

    @property
    def sequence(self) -> int:
        """The number of the next event, in a protocol that counts them; else 0."""
        ...

    @property
    def partial(self) -> Mapping[str, Any] | None:
        """The answer as far as it got, in a protocol that tells it with an error; else None."""
        ...

    def feed(self, chunk: bytes) -> bytes: ...

    def end(self) -> bytes:
        """The upstream closed cleanly: returns what is still owed to the caller.

        Sets `failure` when the stream stopped without its protocol's end.
        """
        ...

    def cut(self) -> bytes | None:
        """The connection broke off: as `end` where the model had told why it stops, so that
        nothing of the answer is missing; else None, and nothing changes."""
        ...


class Translator(Protocol):
    """How one caller's protocol is spoken to one upstream's."""

    def request(self, request: ParsedRequest, model: str) -> Outbound:
        """Raises `Inexpressible`."""
        ...

    def stream(self, request: ParsedRequest, media_type: str = EVENT_STREAM) -> StreamTranslator:
        """`media_type` is the content type of the upstream's answer."""
        ...

    def answer(
        self, request: ParsedRequest, body: bytes, media_type: str = JSON
    ) -> TranslatedAnswer:
        """A whole answer; also put together from a stream, should the upstream send one.

        `media_type` is the content type of the upstream's answer.
        """
        ...

    def error(self, failure: Failure) -> bytes | None:
        """The upstream's error body in the caller's form; None when it has to be made up.

        That is so when the body tells nothing, and for 401, 402 and 403, which are about the
        gateway's own credentials and may quote them.
        """
        ...


class Filter(Protocol):
    """What an upstream's bytes pass through on their way to being an answer."""

    finished: bool

    def feed(self, chunk: bytes) -> bytes: ...


@runtime_checkable
class StreamedTranslator(Translator, Protocol):
    """A translator whose upstream always streams, so that it notices when its caller leaves."""

    def intake(self, request: ParsedRequest) -> Filter: ...
