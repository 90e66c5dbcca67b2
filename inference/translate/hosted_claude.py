"""Claude at other clouds: Anthropic's protocol, with the model in the path and a version in the
body. Source: Anthropic's guides "Claude on Vertex AI" and "Claude in Amazon Bedrock"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import msgspec

from inference.translate.base import (
    EVENT_STREAM,
    JSON,
    Outbound,
    StreamTranslator,
    TranslatedAnswer,
    Translator,
)
from inference.translate.hub import DirectCaller
from inference.translate.messages.passthrough import MessagesPassThrough
from inference.translate.messages.upstream.upstream import MessagesUpstream
from inference.translate.via import composed
from inference.values.failures import Failure
from inference.values.parsed_request import ParsedRequest

_FIELDS: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_COMPOSED: Final = composed(MessagesUpstream())


def anthropic_translator(caller: DirectCaller) -> Translator:
    """The translation of messages towards Anthropic's protocol. Raises `LookupError` for callers
    of anything else."""
    direct = caller.direct.get("anthropic")
    if direct is None:
        return _COMPOSED(caller)
    if not isinstance(direct, MessagesPassThrough):
        raise LookupError(f"Claude at other clouds does not serve {caller}.")
    return direct


class HostedClaude:
    """A translator around one to Anthropic's protocol."""

    def __init__(
        self,
        within: Translator,
        version: str,
        path: Callable[[str, bool], str],
        left_out: frozenset[str] = frozenset({"model"}),
    ) -> None:
        """`path` is told the model and whether a stream is wanted; `left_out` are members that
        the cloud has elsewhere."""
        self._within = within
        self._version = msgspec.Raw(msgspec.json.encode(version))
        self._path = path
        self._left_out = left_out

    def request(self, request: ParsedRequest, model: str) -> Outbound:
        made = self._within.request(request, model)
        given = _FIELDS.decode(made.body)
        fields = {name: value for name, value in given.items() if name not in self._left_out}
        fields = {"anthropic_version": self._version, **fields, **self.more(request)}
        return msgspec.structs.replace(
            made,
            path=self._path(model, request.routing_request.stream),
            body=msgspec.json.encode(fields),
        )

    def more(self, request: ParsedRequest) -> dict[str, msgspec.Raw]:
        """What the body says beside."""
        return {}

    def stream(self, request: ParsedRequest, media_type: str = EVENT_STREAM) -> StreamTranslator:
        return self._within.stream(request, media_type)

    def answer(
        self, request: ParsedRequest, body: bytes, media_type: str = JSON
    ) -> TranslatedAnswer:
        return self._within.answer(request, body, media_type)

    def error(self, failure: Failure) -> bytes | None:
        return self._within.error(failure)
