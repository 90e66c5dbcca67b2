"""What an Anthropic-speaking upstream sends, read for whatever protocol the caller speaks."""

from __future__ import annotations

import re
from typing import Final

import msgspec

from inference.protocols.sse import Event, EventTooLarge, Parser
from inference.translate import upstream_errors
from inference.translate.event_stream import EventStream
from inference.translate.json_errors import BROKEN_JSON, is_utf8
from inference.translate.lenient import loads
from inference.translate.messages.answer_schema import EVENT, MESSAGE, AnswerMessage
from inference.translate.messages.answer_schema import MessageEvent as MessageEvent
from inference.translate.messages.whole import events_of, message_of
from inference.translate.text_run import TextForm
from inference.values.failures import Failure

_TEXT: Final = TextForm(re.compile(rb'"type": ?"text_delta", ?"text": ?"'), re.compile(rb'"\}\}\Z'))
_ODD: Final = (*BROKEN_JSON, TypeError, AttributeError, KeyError, IndexError)
"""What taking apart a document of unknown make may raise."""


class MessagesStream(EventStream):
    """Reads the events of an Anthropic stream. A subclass says what each becomes."""

    __slots__ = ()

    text_form = _TEXT

    def _event(self, name: bytes, data: bytes) -> bytes:
        if not data:
            return b""
        try:
            event = EVENT.decode(data)
        except BROKEN_JSON:
            event = None
        # What is kept as it came is not decoded.
        if event is None or not is_utf8(data):
            self.failure = upstream_errors.not_json()
            return b""
        event.type = event.type or name.decode("ascii", "replace")
        if event.error or event.type == "error":
            self.failure = upstream_errors.in_answer(event.error, data)
            return b""
        if not event.type and (told := upstream_errors.laid_open(data)) is not None:
            self.failure = told
            return b""
        return self._known(event, data)

    def _known(self, event: MessageEvent, data: bytes) -> bytes:
        """What the caller gets for an event that is no error; `data` is how it came."""
        raise NotImplementedError

    def _unrolled(self, document: bytes) -> list[Event] | Failure:
        message = message_in(document)
        if isinstance(message, Failure):
            return message
        try:
            events = list(events_of(loads(document)))
        except _ODD:
            return upstream_errors.not_json(document)
        return [Event(event["type"].encode(), msgspec.json.encode(event)) for event in events]


def message_in(document: bytes) -> AnswerMessage | Failure:
    """A whole message, checked."""
    try:
        message = MESSAGE.decode(document)
    except BROKEN_JSON:
        return upstream_errors.not_json(document)
    if not is_utf8(document):
        return upstream_errors.not_json(document)
    if message.error or message.type == "error":
        return upstream_errors.in_answer(message.error, document)
    if message.content is None or message.stop_reason is None:
        return upstream_errors.no_answer(document)
    return message


def document_of(body: bytes) -> bytes | Failure:
    """The whole message; a stream that came where none was asked for is put together."""
    if body.lstrip().startswith(b"{"):
        return body
    parser = Parser()
    try:
        data = [event.data for event in (*parser.feed(body), *parser.end()) if event.data]
        events = [loads(d) for d in data]
        for event in events:
            if event["type"] == "error":
                return upstream_errors.in_answer(event.get("error"), msgspec.json.encode(event))
        message = message_of(events)
    except (EventTooLarge, *_ODD):
        return upstream_errors.not_json(body)
    if message is None:
        return upstream_errors.not_json(body)
    return msgspec.json.encode(message)
