"""Anthropic's protocol on both sides: what passes through stays as it came, but for the model."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.protocols.sse import encode
from inference.translate import upstream_errors
from inference.translate.base import EVENT_STREAM, JSON, Outbound, TranslatedAnswer
from inference.translate.json_errors import is_utf8
from inference.translate.message_counts import Counts
from inference.translate.messages.accepted import accepted_turns
from inference.translate.messages.answer_schema import MessageEvent
from inference.translate.messages.reader import MessagesStream, document_of, message_in
from inference.translate.sealing import SEAM, opened_id
from inference.translate.signature import UNSIGNED, is_unsigned
from inference.values.failures import Failure
from inference.values.parsed_request import ParsedRequest

_TURNS: Final = msgspec.json.Decoder(list[dict[str, Any]])
STOP: Final = encode(b'{"type":"message_stop"}', b"message_stop")
_OURS: Final = b"pointsman"
"""What both marks hold: one search through a long body where neither is."""
_MEANINGFUL: Final = frozenset({"text_delta", "thinking_delta", "input_json_delta"})


class MessagesPassThrough:
    """The translator. `path` is below the provider's base URL."""

    def __init__(self, path: str = "/messages") -> None:
        self._path = path

    def request(self, request: ParsedRequest, model: str) -> Outbound:
        """The caller's fields with another model."""
        fields = {**request.fields, "model": msgspec.Raw(msgspec.json.encode(model))}
        dropped: tuple[str, ...] = ()
        if _OURS in request.body:
            if UNSIGNED.encode() in request.body:
                fields["messages"] = _signed_alone(fields["messages"])
                dropped = ("messages.thinking",)
            if SEAM.encode() in request.body:
                fields["messages"] = _own_ids(fields["messages"])
                dropped = (*dropped, "messages.tool_use.extra_content")
        if "messages" in fields:
            fields["messages"] = accepted_turns(fields["messages"])
        return Outbound(self._path, msgspec.json.encode(fields), dropped)

    def stream(
        self, request: ParsedRequest, media_type: str = EVENT_STREAM
    ) -> MessagesPassThroughStream:
        return MessagesPassThroughStream()

    def answer(
        self, request: ParsedRequest, body: bytes, media_type: str = JSON
    ) -> TranslatedAnswer:
        document = document_of(body)
        message = document if isinstance(document, Failure) else message_in(document)
        if isinstance(message, Failure):
            return TranslatedAnswer(b"", failure=message)
        assert isinstance(document, bytes)
        return TranslatedAnswer(
            document,
            model=message.model,
            usage=message.usage.usage() if message.usage is not None else None,
            finish_reason=message.stop_reason or "",
        )

    def error(self, failure: Failure) -> bytes | None:
        return upstream_errors.anthropic_body(failure)


def _signed_alone(messages: msgspec.Raw) -> msgspec.Raw:
    """The turns without the thinking of other models, which Anthropic would refuse."""
    turns = _TURNS.decode(messages)
    for turn in turns:
        if isinstance(turn["content"], list):
            turn["content"] = [b for b in turn["content"] if not is_unsigned(b)]
    return msgspec.Raw(msgspec.json.encode([turn for turn in turns if turn["content"] != []]))


def _own_ids(messages: msgspec.Raw) -> msgspec.Raw:
    """The turns with the calls' own ids, without what other models want back with them."""
    turns = _TURNS.decode(messages)
    for turn in turns:
        for block in turn["content"] if isinstance(turn["content"], list) else ():
            for name in ("id", "tool_use_id"):
                if isinstance(block.get(name), str):
                    block[name], _ = opened_id(block[name])
    return msgspec.Raw(msgspec.json.encode(turns))


class MessagesPassThroughStream(MessagesStream):
    """Hands events on as bytes. Each is decoded just far enough to know what it is."""

    __slots__ = ("_counts",)

    def __init__(self) -> None:
        super().__init__()
        self._counts = Counts()

    def _known(self, event: MessageEvent, data: bytes) -> bytes:
        kind = event.type
        if not is_utf8(data):
            self.failure = upstream_errors.not_json()
            return b""
        if kind == "content_block_delta":
            if not self.committed and event.delta is not None:
                self.committed = event.delta.type in _MEANINGFUL
        elif kind == "content_block_start":
            block = event.content_block
            if block is not None and (block.type not in ("text", "thinking") or block.text):
                self.committed = True
        elif kind == "message_stop":
            if not self.committed:
                self.failure = upstream_errors.no_answer()
                return b""
            self.finished = True
        else:
            self._about_message(event)
        return encode(data, kind.encode())

    def _done(self) -> bytes:
        return STOP

    def _about_message(self, event: MessageEvent) -> None:
        if event.message is not None:
            self.model = event.message.model
        counts = event.usage or (event.message.usage if event.message is not None else None)
        if counts is not None:
            self._counts.update(counts)
            self.usage = self._counts.usage()
        if event.delta is not None and event.delta.stop_reason is not None:
            self.committed = self._ends = True
            self.finish_reason = event.delta.stop_reason
