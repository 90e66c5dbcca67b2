"""Events of a streamed message that a caller was sent, and the writer that goes on with them."""

from __future__ import annotations

from inference.protocols.sse import Event
from inference.translate.hub import HubWriter
from inference.translate.messages.answer_schema import EVENT
from inference.translate.messages.caller.stream import MessagesWriter
from inference.translate.sent_stream import SentStream
from inference.values.parsed_request import ParsedRequest


class SentMessages(SentStream):
    __slots__ = ("_blocks", "_id", "_is_open", "_stops")

    def __init__(self, stops: tuple[str, ...]) -> None:
        super().__init__()
        self._stops = stops
        self._id = ""
        self._blocks = 0
        self._is_open = False
        """The last block has not ended."""

    def writer(self, request: ParsedRequest) -> HubWriter:
        writer = MessagesWriter(list(self._stops))
        writer.resume(self._id, self._blocks, is_open=self._is_open)
        return writer

    def _event(self, event: Event) -> None:
        told = EVENT.decode(event.data)
        kind = told.type
        if kind == "message_start" and told.message is not None:
            self._id = told.message.id
        elif kind == "content_block_start" and told.content_block is not None:
            self.plain = told.content_block.type == "text"
            self._say(told.content_block.text)
            self._blocks += 1
            self._is_open = True
        elif kind == "content_block_delta" and told.delta is not None:
            self.plain = told.delta.type == "text_delta"
            self._say(told.delta.text)
        elif kind == "content_block_stop":
            self._is_open = False
        elif kind != "ping":
            self.plain = False
