"""Callers of Anthropic's messages."""

from __future__ import annotations

from typing import Final

import msgspec

from inference.translate import upstream_errors
from inference.translate.base import Translator
from inference.translate.hub import HubRequest
from inference.translate.messages.caller.request import chat_request
from inference.translate.messages.caller.stream import MessagesWriter
from inference.translate.messages.count_tokens import estimate
from inference.translate.messages.passthrough import MessagesPassThrough
from inference.translate.upstream_errors import ErrorObject
from inference.values.failures import Failure
from inference.values.parsed_request import ParsedRequest

_STOPS: Final = msgspec.json.Decoder(list[str] | None)


class MessagesCaller:
    """The half of the caller."""

    direct: Final[dict[str, Translator]] = {"anthropic": MessagesPassThrough()}

    def chat(self, request: ParsedRequest) -> HubRequest:
        return chat_request(request)

    def writer(self, request: ParsedRequest) -> MessagesWriter:
        """A writer that knows the caller's stop sequences: so a matched one is told."""
        stops = _STOPS.decode(request.fields.get("stop_sequences", b"null")) or []
        return MessagesWriter(stops, lambda: estimate(request))

    def error(self, failure: Failure, said: ErrorObject) -> bytes:
        return upstream_errors.as_anthropic(failure, said)
