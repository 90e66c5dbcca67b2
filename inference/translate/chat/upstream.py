"""Upstreams that speak chat completions, for callers of other protocols."""

from __future__ import annotations

from inference.translate import upstream_errors
from inference.translate.base import Outbound, TranslatedAnswer
from inference.translate.chat.reader import ChunkStream, completion_in
from inference.translate.chat.request import chat_outbound
from inference.translate.hub import HubRequest, HubWriter
from inference.translate.upstream_errors import ErrorObject
from inference.values.failures import Failure
from inference.values.usage import of_openai


class ChatUpstream:
    """The half of the upstream."""

    def request(self, chat: HubRequest, model: str) -> Outbound:
        return chat_outbound(chat, model)

    def stream(self, writer: HubWriter) -> ChunkStream:
        return ChunkStream(writer)

    def answer(self, writer: HubWriter, body: bytes) -> TranslatedAnswer:
        whole = completion_in(body)
        if isinstance(whole, Failure):
            return TranslatedAnswer(b"", failure=whole)
        return writer.whole(whole, of_openai(whole.usage))

    def error(self, failure: Failure) -> ErrorObject | None:
        return upstream_errors.of_openai(failure)
