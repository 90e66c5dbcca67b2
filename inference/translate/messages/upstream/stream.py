"""Anthropic's events as the chunks of OpenAI's chat completion."""

from __future__ import annotations

from typing import Any

from inference.translate import upstream_errors
from inference.translate.chat.thinking_order import placed
from inference.translate.message_counts import Counts
from inference.translate.messages.answer_schema import (
    AnswerBlock,
    AnswerMessage,
    BlockDelta,
    MessageEvent,
)
from inference.translate.messages.upstream.answer import (
    finish_reason,
    refusal_of,
    thinking_block,
    tool_call,
    usage_of,
)
from inference.translate.tool_input import text_of
from inference.values.failures import Failure

Chunk = dict[str, Any]


class Chunks:
    """Turns one event after the other into chunks. Holds the state of one stream."""

    __slots__ = (
        "_block",
        "_calls",
        "_created",
        "_frame",
        "_streamed",
        "_thoughts",
        "committed",
        "counts",
        "failure",
        "finish_reason",
        "finished",
        "model",
        "said",
    )

    def __init__(self, created: int) -> None:
        self.committed = False
        self.finished = False
        self.failure: Failure | None = None
        self.counts = Counts()
        self.model = ""
        self.finish_reason = ""
        self._created = created
        self._frame: Chunk = {}
        self._block = AnswerBlock("")
        self._streamed = False
        self._calls = 0
        self._thoughts = 0
        self.said = 0
        """Characters of text."""

    def of(self, event: MessageEvent) -> list[Chunk]:
        """The chunks of one event; mostly one or none."""
        kind = event.type
        if kind == "content_block_delta" and event.delta is not None:
            return self._delta(event.delta)
        if kind == "content_block_start" and event.content_block is not None:
            return self._start(event.content_block)
        if kind == "content_block_stop":
            return self._stop()
        if kind == "message_start" and event.message is not None:
            return self._begin(event.message)
        if kind == "message_delta" and event.delta is not None:
            return self._finish(event.delta, event.usage)
        if kind == "message_stop":
            self._end()
        return []

    @property
    def ends(self) -> bool:
        """The model has told why it stops."""
        return bool(self.finish_reason)

    def usage_chunk(self) -> Chunk:
        """The chunk that closes a stream whose caller asked for `include_usage`."""
        return {**self._frame, "choices": [], "usage": usage_of(self.counts)}

    def _end(self) -> None:
        if self.committed:
            self.finished = True
        else:
            self.failure = upstream_errors.no_answer()

    def _begin(self, message: AnswerMessage) -> list[Chunk]:
        self.model = message.model
        if message.usage is not None:
            self.counts.update(message.usage)
        self._frame = {
            "id": message.id,
            "object": "chat.completion.chunk",
            "created": self._created,
            "model": message.model,
        }
        return [self._chunk({"role": "assistant", "content": ""})]

    def _start(self, block: AnswerBlock) -> list[Chunk]:
        self._block = block
        self._streamed = False
        if block.type == "tool_use":
            self.committed = True
            call = tool_call(block.id, block.name, "")
            self._calls += 1
            return [self._chunk({"tool_calls": [{"index": self._calls - 1, **call}]})]
        if block.type == "text" and block.text:
            self.said += len(block.text)
            return self._say({"content": block.text})
        if block.type == "thinking" and block.thinking:
            return self._say({"reasoning_content": block.thinking})
        return []

    def _delta(self, delta: BlockDelta) -> list[Chunk]:
        kind = delta.type
        if kind == "text_delta" and delta.text:
            self.said += len(delta.text)
            return self._say({"content": delta.text})
        if kind == "input_json_delta" and delta.partial_json and self._block.type == "tool_use":
            self._streamed = True
            return [self._chunk({"tool_calls": [self._arguments(delta.partial_json)]})]
        if kind == "thinking_delta" and delta.thinking:
            self._block.thinking += delta.thinking
            return self._say({"reasoning_content": delta.thinking})
        if kind == "signature_delta":
            self._block.signature += delta.signature
        return []

    def _stop(self) -> list[Chunk]:
        """What is known only when a block is whole: its signature, arguments that never came."""
        block, self._block = self._block, AnswerBlock("")
        if block.type == "tool_use" and not self._streamed:
            return [self._chunk({"tool_calls": [self._arguments(text_of(block.input))]})]
        if block.type in ("thinking", "redacted_thinking"):
            thought = thinking_block(block.type, block.thinking, block.signature, block.data)
            self._thoughts += 1
            thought = placed(thought, self.said, self._calls)
            return self._say({"thinking_blocks": [{"index": self._thoughts - 1, **thought}]})
        return []

    def _arguments(self, piece: str) -> Chunk:
        return {"index": self._calls - 1, "function": {"arguments": piece}}

    def _finish(self, delta: BlockDelta, counts: Counts | None) -> list[Chunk]:
        if counts is not None:
            self.counts.update(counts)
        if delta.stop_reason is None:
            return []
        self.committed = True
        self.finish_reason = finish_reason(delta.stop_reason, called=self._calls > 0)
        refusal = refusal_of(delta.stop_reason, delta.stop_details)
        chunk = self._chunk({} if refusal is None else {"refusal": refusal}, self.finish_reason)
        if delta.stop_sequence is not None:
            chunk["choices"][0]["stop_reason"] = delta.stop_sequence
        return [chunk]

    def _say(self, delta: dict[str, Any]) -> list[Chunk]:
        self.committed = True
        return [self._chunk(delta)]

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> Chunk:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**self._frame, "choices": [choice]}
