"""Chat completions as the hub: the value that both halves of a composed translation speak."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, ClassVar, Protocol, runtime_checkable

import msgspec

from inference.translate.base import Outbound, StreamTranslator, TranslatedAnswer, Translator
from inference.translate.hub_answer import AnsweredToolCall, Choice, Completion, Said
from inference.translate.json_errors import Dropped
from inference.translate.upstream_errors import ErrorObject
from inference.values.failures import Failure
from inference.values.parsed_request import ParsedRequest
from inference.values.parsing import envelope
from inference.values.usage import Usage


class HubRequest:
    """A caller's request as a chat completion request, on its way to an upstream's writer.

    `document` is what a caller's half has written; None means that the caller speaks chat
    completions, so that the body is the request already. Its answer's limit is called
    `max_completion_tokens`, the name an upstream takes is for the upstream's writer.
    """

    __slots__ = ("document", "dropped", "request", "signed_thinking")

    def __init__(
        self,
        request: ParsedRequest,
        dropped: Dropped,
        document: dict[str, Any] | None = None,
        signed_thinking: str = "messages.thinking_blocks",
    ) -> None:
        """`signed_thinking` is the caller's name for what `thinking_blocks` hold."""
        self.request = request
        self.dropped = dropped
        self.document = document
        self.signed_thinking = signed_thinking

    def written(self) -> tuple[bytes, Mapping[str, msgspec.Raw]]:
        """The chat completion request as bytes, and its fields."""
        if self.document is None:
            return self.request.body, self.request.fields
        body = msgspec.json.encode(self.document)
        return body, envelope(body)


class HubWriter:
    """Writes one answer for a caller, from chat completions. Holds the state of one stream.

    Chunks and wholes come as structs from upstreams that speak chat completions, and as documents
    from readers of other protocols. A writer overrides one of each two.
    """

    __slots__ = ("committed", "finish_reason", "sequence")

    text_leaves_no_trace: ClassVar[bool] = False
    """Text in a place where text was written before changes nothing but what is written."""

    def __init__(self) -> None:
        self.committed = False
        """Something meaningful was written."""
        self.finish_reason = ""
        """Why the answer ended, in the caller's word; known with its end."""
        self.sequence = 0
        """The number of the next event, in a protocol that counts them."""

    def chunk(self, chunk: Completion) -> bytes:
        """What the caller gets for one chunk."""
        return self.document(msgspec.to_builtins(chunk))

    def document(self, chunk: dict[str, Any]) -> bytes:
        return self.chunk(msgspec.convert(chunk, Completion))

    def calls(self, calls: list[AnsweredToolCall]) -> bytes:
        """Calls that are known only now that the answer ends."""
        return (
            self.chunk(Completion(choices=[Choice(delta=Said(tool_calls=calls))])) if calls else b""
        )

    def end(self, usage: Usage | None) -> bytes:
        """What is owed to the caller at the regular end, when the usage is known."""
        raise NotImplementedError

    def partial(self) -> dict[str, Any] | None:
        """The answer as far as it got, in a protocol that tells it with an error."""
        return None

    def whole(self, whole: Completion, usage: Usage | None) -> TranslatedAnswer:
        """A whole answer; its first choice holds a message."""
        return self.whole_document(msgspec.to_builtins(whole), usage)

    def whole_document(self, whole: dict[str, Any], usage: Usage | None) -> TranslatedAnswer:
        return self.whole(msgspec.convert(whole, Completion), usage)


class DirectCaller(Hashable, Protocol):
    """The half of callers: with which upstream protocols there is nothing to translate."""

    @property
    def direct(self) -> Mapping[str, Translator]:
        """Pass-throughs by the upstream's protocol."""
        ...


@runtime_checkable
class CallerSide(DirectCaller, Protocol):
    """The half of callers whose requests can be said as chat completions."""

    def chat(self, request: ParsedRequest) -> HubRequest:
        """Raises `Inexpressible`."""
        ...

    def writer(self, request: ParsedRequest) -> HubWriter: ...

    def error(self, failure: Failure, said: ErrorObject) -> bytes:
        """The upstream's error in the caller's form."""
        ...


class UpstreamSide(Protocol):
    """The half of upstreams that speak one protocol."""

    def request(self, chat: HubRequest, model: str) -> Outbound:
        """Raises `Inexpressible`."""
        ...

    def stream(self, writer: HubWriter) -> StreamTranslator: ...

    def answer(self, writer: HubWriter, body: bytes) -> TranslatedAnswer: ...

    def error(self, failure: Failure) -> ErrorObject | None:
        """None when the body tells nothing that a caller may see."""
        ...


@runtime_checkable
class ResumableTranslator(Translator, Protocol):
    """A translator of two halves: its streams may be written by any writer of the caller's."""

    def resume(self, request: ParsedRequest, writer: HubWriter) -> StreamTranslator:
        """A stream whose answer `writer` writes."""
        ...
