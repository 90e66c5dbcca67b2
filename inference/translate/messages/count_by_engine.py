"""Anthropic's token count, asked of the local engine: it encodes the prompt as for an answer."""

from __future__ import annotations

from typing import Final

import msgspec

from inference.translate import upstream_errors
from inference.translate.base import JSON, Outbound, TranslatedAnswer
from inference.translate.chat.upstream import ChatUpstream
from inference.translate.json_errors import BROKEN_JSON
from inference.translate.messages.caller.caller import MessagesCaller
from inference.translate.via import Composed
from inference.values.parsed_request import ParsedRequest

_PATH: Final = "/chat/completions/count"
_ANY_LIMIT: Final = msgspec.Raw(b"1")
"""Messages must say how long an answer may be; a count has none."""


class _Count(msgspec.Struct):
    prompt_tokens: int


_COUNT: Final = msgspec.json.Decoder(_Count)


class CountByEngine(Composed):
    """The message as a chat completion, of which only the prompt is looked at."""

    def __init__(self) -> None:
        super().__init__(MessagesCaller(), ChatUpstream())

    def request(self, request: ParsedRequest, model: str) -> Outbound:
        fields = {**request.fields, "max_tokens": _ANY_LIMIT}
        whole = msgspec.structs.replace(request, fields=fields, body=msgspec.json.encode(fields))
        return msgspec.structs.replace(super().request(whole, model), path=_PATH)

    def answer(
        self, request: ParsedRequest, body: bytes, media_type: str = JSON
    ) -> TranslatedAnswer:
        try:
            count = _COUNT.decode(body)
        except BROKEN_JSON:
            return TranslatedAnswer(b"", failure=upstream_errors.not_json(body))
        return TranslatedAnswer(msgspec.json.encode({"input_tokens": count.prompt_tokens}))
