"""The chunks of OpenAI's chat completion as Anthropic's events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from inference.protocols.sse import encode
from inference.translate.base import TranslatedAnswer
from inference.translate.hub import HubWriter
from inference.translate.hub_answer import (
    AnsweredToolCall,
    CalledFunction,
    Choice,
    Completion,
    Said,
)
from inference.translate.messages.caller.answer import (
    NO_TOKENS,
    call_id,
    counts_of,
    message,
    message_id,
    stop_of,
)
from inference.translate.messages.caller.blocks import ContentBlocks
from inference.translate.sealing import sealed_id
from inference.values.usage import Usage, of_openai

_STOP: Final = encode(b'{"type":"message_stop"}', b"message_stop")


class MessagesWriter(HubWriter):
    """Turns one chunk after the other into events. Holds the state of one stream.

    Blocks end with the stream, not with the first reason to stop: some servers give one before
    the last arguments, or with every piece.
    """

    __slots__ = ("_blocks", "_choice", "_id", "_prompt", "_refused", "_started", "_stops")

    text_leaves_no_trace = True

    def __init__(self, stops: list[str], prompt: Callable[[], int] = lambda: 0) -> None:
        """`prompt` estimates the prompt's tokens, for the first event: the upstream counts last."""
        super().__init__()
        self._stops = stops
        self._prompt = prompt
        self._id = ""
        self._started = False
        self._refused = False
        self._blocks = ContentBlocks()
        self._choice = Choice()

    def resume(self, identity: str, blocks: int, *, is_open: bool) -> None:
        """Goes on with a message of which so many blocks of text were sent."""
        self._id = identity
        self._started = self.committed = True
        self._blocks.resume(blocks, is_open=is_open)

    def chunk(self, chunk: Completion) -> bytes:
        """The events of one chunk."""
        if not chunk.choices:
            return b""
        choice = chunk.choices[0]
        out = b"" if self._started else self._begin(chunk)
        if choice.delta is not None:
            out += self._said(choice.delta)
        if choice.finish_reason is not None:
            self.committed = True
            self._choice = choice
        return out

    def end(self, usage: Usage | None) -> bytes:
        """The events after the last chunk: only then the usage is known."""
        out = self._blocks.end()
        reason, sequence = stop_of(
            self._choice, self._stops, called=self._blocks.has_calls, refused=self._refused
        )
        self.finish_reason = reason
        event = {
            "type": "message_delta",
            "delta": {"stop_reason": reason, "stop_sequence": sequence},
            "usage": counts_of(usage) if usage is not None else NO_TOKENS,
        }
        return out + encode(msgspec.json.encode(event), b"message_delta") + _STOP

    def whole(self, whole: Completion, usage: Usage | None) -> TranslatedAnswer:
        assert whole.choices
        said = message(whole, whole.choices[0], self._stops)
        return TranslatedAnswer(
            msgspec.json.encode(said),
            model=whole.model or "",
            usage=usage,
            finish_reason=said["stop_reason"],
        )

    def _begin(self, chunk: Completion) -> bytes:
        self._started = True
        self._id = message_id(chunk)
        told = of_openai(chunk.usage)
        prompt = told.prompt if told is not None and told.prompt else self._prompt()
        begun: dict[str, Any] = {
            "id": self._id,
            "type": "message",
            "role": "assistant",
            "model": chunk.model or "",
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {**NO_TOKENS, "input_tokens": prompt},
        }
        return encode(
            msgspec.json.encode({"type": "message_start", "message": begun}), b"message_start"
        )

    def _said(self, said: Said) -> bytes:
        out = b""
        thought = said.thought()
        if thought:
            self.committed = True
            out += self._blocks.thinking(thought)
        if said.reasoning_details:
            self._blocks.keep(said.reasoning_details)
        if said.thinking_blocks:
            out += self._thinking_blocks(said.thinking_blocks, streamed=bool(thought))
        text = said.text()
        if said.refusal:
            self._refused = True
            text += said.refusal
        if text:
            self.committed = True
            out += self._blocks.text(text)
        for position, call in enumerate(said.calls()):
            out += self._call(call, position)
        return out

    def _thinking_blocks(self, blocks: list[dict[str, Any]], *, streamed: bool) -> bytes:
        """Signatures of thinking that was streamed as reasoning; and thinking nobody may read."""
        out = b""
        for block in blocks:
            if block.get("type") == "redacted_thinking":
                self.committed = True
                out += self._blocks.hidden(str(block.get("data", "")))
                continue
            thought = block.get("thinking")
            if thought and not streamed and not self._blocks.is_thinking:
                self.committed = True
                out += self._blocks.thinking(str(thought))
            if block.get("signature") and self._blocks.is_thinking:
                out += self._blocks.sign(str(block["signature"]))
        return out

    def _call(self, piece: AnsweredToolCall, position: int) -> bytes:
        number = position if piece.index is None else piece.index
        function = piece.function or CalledFunction()
        out = b""
        if not self._blocks.knows(number):
            if not function.name:
                return b""
            self.committed = True
            known = sealed_id(piece.id or call_id(self._id, number), piece.extra_content)
            out = self._blocks.call(number, known, function.name)
        if function.arguments:
            out += self._blocks.arguments(number, function.arguments)
        return out
