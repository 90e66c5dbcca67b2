"""The chunks of OpenAI's chat completion as Anthropic's events."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.protocols.sse import encode
from inference.translate.base import Answer
from inference.translate.chat.answer_schema import Choice, Completion, Said, ToolCall
from inference.translate.hub import AnswerWriter
from inference.translate.messages.caller.answer import (
    NO_TOKENS,
    call_id,
    counts_of,
    message,
    message_id,
    stop_of,
)
from inference.translate.signature import UNSIGNED
from inference.values.usage import Usage

_STOP: Final = encode(b'{"type":"message_stop"}', b"message_stop")


class _Call:
    """A tool call of the stream and the block it became."""

    __slots__ = ("block", "held")

    def __init__(self) -> None:
        self.block = -1
        self.held = ""
        """Arguments that came before the name."""


class MessagesWriter(AnswerWriter):
    """Turns one chunk after the other into events. Holds the state of one stream.

    Text and thinking are one block as long as nothing else comes. The blocks of tool calls stay
    open until the end: some servers send the arguments of parallel calls by turns.
    """

    __slots__ = (
        "_calls",
        "_choice",
        "_id",
        "_next",
        "_open",
        "_refused",
        "_signed",
        "_started",
        "_stops",
    )

    def __init__(self, stops: list[str]) -> None:
        super().__init__()
        self._stops = stops
        self._id = ""
        self._started = False
        self._open = ""
        self._next = 0
        self._signed = False
        self._refused = False
        self._calls: dict[int, _Call] = {}
        self._choice = Choice()

    def chunk(self, chunk: Completion) -> bytes:
        """The events of one chunk."""
        if not chunk.choices:
            return b""
        choice = chunk.choices[0]
        if self._choice.finish_reason is not None:
            return b""
        out = b"" if self._started else self._begin(chunk)
        if choice.delta is not None:
            out += self._said(choice.delta)
        if choice.finish_reason is not None:
            self.committed = True
            self._choice = choice
            out += self._close_all()
        return out

    def end(self, usage: Usage | None) -> bytes:
        """The events after the last chunk: only then the usage is known."""
        out = b"" if self._choice.finish_reason is not None else self._close_all()
        reason, sequence = stop_of(
            self._choice, self._stops, called=bool(self._calls), refused=self._refused
        )
        self.finish_reason = reason
        event = {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": sequence},
            "usage": counts_of(usage) if usage is not None else NO_TOKENS,
        }
        return out + encode(msgspec.json.encode(event), b"message_delta") + _STOP

    def whole(self, whole: Completion, usage: Usage | None) -> Answer:
        assert whole.choices
        said = message(whole, whole.choices[0], self._stops)
        return Answer(
            msgspec.json.encode(said),
            model=whole.model or "",
            usage=usage,
            finish_reason=said["stop_reason"],
        )

    def _begin(self, chunk: Completion) -> bytes:
        self._started = True
        self._id = message_id(chunk)
        begun: dict[str, Any] = {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": chunk.model or "",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": NO_TOKENS,
        }
        return _event({"type": "message_start", "message": begun})

    def _said(self, said: Said) -> bytes:
        out = b""
        thought = said.thought()
        if thought:
            out += self._piece("thinking", {"type": "thinking_delta", "thinking": thought})
        if said.thinking_blocks:
            out += self._thinking_blocks(said.thinking_blocks, streamed=bool(thought))
        text = said.text()
        if said.refusal:
            self._refused = True
            text += said.refusal
        if text:
            out += self._piece("text", {"type": "text_delta", "text": text})
        for position, call in enumerate(said.calls()):
            out += self._call(call, position)
        return out

    def _piece(self, kind: str, delta: dict[str, Any]) -> bytes:
        """A piece of text or thinking, in the open block or in a new one."""
        self.committed = True
        if self._open == kind:
            return _event({"type": "content_block_delta", "index": self._next - 1, "delta": delta})
        start: dict[str, Any] = {"type": kind, kind: ""}
        if kind == "thinking":
            start["signature"] = ""
            self._signed = False
        out = self._close() + self._start(start)
        self._open = kind
        return out + _event(
            {"type": "content_block_delta", "index": self._next - 1, "delta": delta}
        )

    def _thinking_blocks(self, blocks: list[dict[str, Any]], *, streamed: bool) -> bytes:
        """Signatures of thinking that was streamed as reasoning; and thinking nobody may read."""
        out = b""
        for block in blocks:
            if block.get("type") == "redacted_thinking":
                self.committed = True
                whole = {"type": "redacted_thinking", "data": block.get("data", "")}
                out += self._close() + self._start(whole) + self._stop(self._next - 1)
                continue
            thought = block.get("thinking")
            if thought and not streamed and self._open != "thinking":
                out += self._piece("thinking", {"type": "thinking_delta", "thinking": thought})
            if block.get("signature") and self._open == "thinking":
                out += self._sign(str(block["signature"])) + self._close()
        return out

    def _sign(self, signature: str) -> bytes:
        self._signed = True
        delta = {"type": "signature_delta", "signature": signature}
        return _event({"type": "content_block_delta", "index": self._next - 1, "delta": delta})

    def _call(self, piece: ToolCall, position: int) -> bytes:
        number = position if piece.index is None else piece.index
        call = self._calls.setdefault(number, _Call())
        function = piece.function
        arguments = (function.arguments if function is not None else None) or ""
        out = b""
        if call.block < 0:
            if function is None or not function.name:
                call.held += arguments
                return b""
            self.committed = True
            block = {
                "type": "tool_use",
                "id": piece.id or call_id(self._id, number),
                "name": function.name,
                "input": {},
            }
            out = self._close() + self._start(block)
            call.block = self._next - 1
            arguments = call.held + arguments
        if not arguments:
            return out
        delta = {"type": "input_json_delta", "partial_json": arguments}
        return out + _event({"type": "content_block_delta", "index": call.block, "delta": delta})

    def _start(self, block: dict[str, Any]) -> bytes:
        index = self._next
        self._next += 1
        return _event({"type": "content_block_start", "index": index, "content_block": block})

    def _close(self) -> bytes:
        """Ends the open block of text or thinking."""
        if not self._open:
            return b""
        kind, self._open = self._open, ""
        signature = self._sign(UNSIGNED) if kind == "thinking" and not self._signed else b""
        return signature + self._stop(self._next - 1)

    def _close_all(self) -> bytes:
        out = self._close()
        for call in self._calls.values():
            if call.block >= 0:
                out += self._stop(call.block)
        return out

    def _stop(self, index: int) -> bytes:
        return _event({"type": "content_block_stop", "index": index})


def _event(event: dict[str, Any]) -> bytes:
    return encode(msgspec.json.encode(event), event["type"].encode())
