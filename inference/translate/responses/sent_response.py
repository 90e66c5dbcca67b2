"""Events of a Response that a caller was sent, and the writer that goes on with them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from inference.protocols.sse import Event
from inference.translate.hub import HubWriter
from inference.translate.responses.stream import ResponseWriter
from inference.translate.sent_stream import SentStream
from inference.values.parsed_request import ParsedRequest

_ABOUT_THE_END: Final = frozenset({"status", "output", "usage"})


class SentResponse(SentStream):
    __slots__ = ("_frame", "_item", "_sequence", "_writer")

    def __init__(self, writer: Callable[[ParsedRequest], ResponseWriter]) -> None:
        super().__init__()
        self._writer = writer
        self._frame: dict[str, Any] = {}
        self._item = ""
        """Id of the one message."""
        self._sequence = 0

    def writer(self, request: ParsedRequest) -> HubWriter:
        writer = self._writer(request)
        writer.resume(self._frame, self._item, self.text, self._sequence)
        return writer

    def _event(self, event: Event) -> None:
        told: dict[str, Any] = msgspec.json.decode(event.data)
        self._sequence = told["sequence_number"] + 1
        kind = told["type"]
        if kind == "response.created":
            response = told["response"]
            self._frame = {k: v for k, v in response.items() if k not in _ABOUT_THE_END}
        elif kind == "response.output_item.added":
            item = told["item"]
            self.plain = item["type"] == "message" and not self._item
            self._item = item["id"]
        elif kind == "response.content_part.added":
            self.plain = told["part"]["type"] == "output_text"
        elif kind == "response.output_text.delta":
            self._say(told["delta"])
        elif kind != "response.in_progress":
            self.plain = False
