"""Content of requests, for installations that log it."""

from __future__ import annotations

from inference.record.observer import Observer
from inference.record.record import KEPT_BYTES as LIMIT
from inference.record.record import Content, RequestContext


class ContentObserver(Observer):
    """Keeps what was said in the context of each request."""

    def on_body(self, context: RequestContext, body: bytes) -> None:
        request = body[:LIMIT]
        context.content = Content(request, size=len(request))

    def on_sent(self, context: RequestContext, data: bytes) -> None:
        content = context.content
        if content is None or not data:
            return
        room = LIMIT - (content.size - len(content.request))
        if room > 0:
            content.answer.append(data[:room])
            content.size += len(data[:room])
