"""Content of requests, for installations that log it."""

from __future__ import annotations

from typing import Final

import msgspec

from governance.interactions.record import InteractionRecord
from inference.edge.chat import ChatConsumer
from inference.endpoints.parsed_request import ParsedRequest
from inference.record.answer_text import answer_text
from inference.record.record import Content, RequestContext

LIMIT: Final = 1024 * 1024
"""Bytes of a request, and of an answer as it was sent, that are kept; the rest is left out."""


class ContentKeepingConsumer(ChatConsumer):
    """Carries requests as its parent does, and keeps what was said beside the journey."""

    def _read(self, body: bytes, headers: dict[bytes, bytes]) -> ParsedRequest:
        request = body[:LIMIT]
        self.journey.content = Content(request, size=len(request))
        return super()._read(body, headers)

    async def chunk(self, body: bytes) -> None:
        _keep(self.journey, body)
        await super().chunk(body)

    async def last(self, body: bytes) -> None:
        _keep(self.journey, body)
        await super().last(body)


def _keep(journey: RequestContext, body: bytes) -> None:
    content = journey.content
    if content is None or not body:
        return
    room = LIMIT - (content.size - len(content.request))
    if room > 0:
        content.answer.append(body[:room])
        content.size += len(body[:room])


def with_content(record: InteractionRecord, journey: RequestContext) -> InteractionRecord:
    """The record with what was said, where that was kept."""
    content = journey.content
    if content is None:
        return record
    return msgspec.structs.replace(
        record,
        request=content.request.decode(errors="replace"),
        answer=answer_text(b"".join(content.answer)),
    )
