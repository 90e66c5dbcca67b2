"""The content blocks of one streamed message: one open at a time, as Anthropic's clients need.

Chat completions may send the arguments of parallel calls by turns, and text between them. What
belongs to a block other than the open one waits until that one is whole.
"""

from __future__ import annotations

from typing import Any

import msgspec

from inference.protocols.sse import encode
from inference.translate.chat.calls import is_complete
from inference.translate.reasoning_details import add_details
from inference.translate.signature import mark


class _Block:
    """A block and what of it was not sent yet."""

    __slots__ = ("arguments", "details", "full", "kind", "pieces", "start")

    def __init__(self, kind: str, start: dict[str, Any]) -> None:
        self.kind = kind
        self.start = start
        self.pieces: list[dict[str, Any]] = []
        self.full = False
        """Nothing more is added to it."""
        self.arguments: list[str] = []
        self.details: list[dict[str, Any]] = []


class ContentBlocks:
    """Turns what is said into events of blocks."""

    __slots__ = ("_blocks", "_calls", "_details", "_open")

    def __init__(self) -> None:
        self._blocks: list[_Block] = []
        self._open = 0
        """The index of the block that is open, or will be the next."""
        self._calls: dict[int, _Block] = {}
        self._details: list[dict[str, Any]] = []

    def resume(self, count: int, *, is_open: bool) -> None:
        """So many blocks of text were sent before; the last is open, or all have ended."""
        self._blocks = [_Block("text", {"type": "text", "text": ""}) for _ in range(count)]
        self._open = count - 1 if is_open else count
        if self._blocks and not is_open:
            self._blocks[-1].full = True

    @property
    def has_calls(self) -> bool:
        return bool(self._calls)

    def text(self, text: str) -> bytes:
        return self._say("text", {"type": "text_delta", "text": text})

    def thinking(self, text: str) -> bytes:
        return self._say("thinking", {"type": "thinking_delta", "thinking": text})

    @property
    def is_thinking(self) -> bool:
        """Whether what was said last is a thought that is not signed yet."""
        last = self._last()
        return last is not None and last.kind == "thinking" and not last.full

    def sign(self, signature: str) -> bytes:
        """Ends the thought."""
        last = self._blocks[-1]
        last.full = True
        return self._add(last, {"type": "signature_delta", "signature": signature})

    def hidden(self, data: str) -> bytes:
        """Thinking that nobody may read."""
        return self._begin("redacted_thinking", {"type": "redacted_thinking", "data": data})

    def keep(self, details: list[dict[str, Any]]) -> None:
        """What the upstream wants back with its reasoning."""
        last = self._last()
        add_details(
            last.details if last is not None and self.is_thinking else self._details, details
        )

    def call(self, number: int, call_id: str, name: str) -> bytes:
        start = {"type": "tool_use", "id": call_id, "name": name, "input": {}}
        out = self._begin("tool_use", start)
        self._calls[number] = self._blocks[-1]
        return out

    def arguments(self, number: int, piece: str) -> bytes:
        block = self._calls[number]
        block.arguments.append(piece)
        return self._add(block, {"type": "input_json_delta", "partial_json": piece})

    def knows(self, number: int) -> bool:
        return number in self._calls

    def end(self) -> bytes:
        """Everything that is left, and the end of every block."""
        out = self._flush_details()
        while self._open < len(self._blocks):
            out += self._close()
        return out

    def _last(self) -> _Block | None:
        return self._blocks[-1] if self._blocks else None

    def _say(self, kind: str, delta: dict[str, Any]) -> bytes:
        last = self._last()
        out = b""
        if last is None or last.kind != kind or last.full:
            start: dict[str, Any] = {"type": kind, kind: ""}
            if kind == "thinking":
                start["signature"] = ""
            out = self._begin(kind, start)
            last = self._blocks[-1]
        return out + self._add(last, delta)

    def _begin(self, kind: str, start: dict[str, Any]) -> bytes:
        """A new block, open as soon as those before it are whole."""
        out = b"" if kind == "thinking" else self._flush_details()
        self._blocks.append(_Block(kind, start))
        if kind == "thinking":
            self._blocks[-1].details, self._details = self._details, []
        if self._open == len(self._blocks) - 1:
            return out + self._started(self._blocks[-1])
        return out + self._advance()

    def _add(self, block: _Block, delta: dict[str, Any]) -> bytes:
        if self._blocks[self._open] is not block:
            block.pieces.append(delta)
            return b""
        out = self._event(delta)
        return out + self._advance() if self._open < len(self._blocks) - 1 else out

    def _advance(self) -> bytes:
        """Ends the open block if it is whole and another waits; so for those that follow."""
        out = b""
        while self._open < len(self._blocks) - 1 and _whole(self._blocks[self._open]):
            out += self._close()
        return out

    def _close(self) -> bytes:
        block = self._blocks[self._open]
        out = b""
        if block.kind == "thinking" and not block.full:
            out = self._event({"type": "signature_delta", "signature": mark(block.details)})
        out += _encoded({"type": "content_block_stop", "index": self._open})
        self._open += 1
        if self._open < len(self._blocks):
            out += self._started(self._blocks[self._open])
        return out

    def _started(self, block: _Block) -> bytes:
        start = {"type": "content_block_start", "index": self._open, "content_block": block.start}
        return _encoded(start) + b"".join(map(self._event, block.pieces))

    def _flush_details(self) -> bytes:
        """Reasoning that came without anything to read, as thinking that nobody may read."""
        details, self._details = self._details, []
        return self.hidden(mark(details)) if details else b""

    def _event(self, delta: dict[str, Any]) -> bytes:
        return _encoded({"type": "content_block_delta", "index": self._open, "delta": delta})


def _whole(block: _Block) -> bool:
    return block.kind != "tool_use" or is_complete("".join(block.arguments))


def _encoded(event: dict[str, Any]) -> bytes:
    return encode(msgspec.json.encode(event), event["type"].encode())
