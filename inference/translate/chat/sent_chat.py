"""Chunks of a chat completion that a caller was sent, and the writer that goes on with them."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.protocols.sse import Event, encode
from inference.translate.hub import HubWriter
from inference.translate.hub_answer import COMPLETION, Completion
from inference.translate.sent_stream import SentStream
from inference.values.parsed_request import ParsedRequest
from inference.values.usage import Usage

_DONE: Final = b"data: [DONE]\n\n"
_NOT_SHARED: Final = frozenset({"choices", "usage", "obfuscation"})


class SentChat(SentStream):
    __slots__ = ("_frame",)

    def __init__(self) -> None:
        super().__init__()
        self._frame: dict[str, Any] = {}

    def writer(self, request: ParsedRequest) -> HubWriter:
        return ResumedChatWriter(self._frame, wants_usage=request.wants_usage)

    def _event(self, event: Event) -> None:
        if event.data.strip() == b"[DONE]":
            self.plain = False
            return
        if not self._frame:
            first: dict[str, Any] = msgspec.json.decode(event.data)
            self._frame = {k: v for k, v in first.items() if k not in _NOT_SHARED}
        for choice in COMPLETION.decode(event.data).choices or ():
            said = choice.delta
            if choice.index or choice.finish_reason:
                self.plain = False
            elif said is not None:
                if said.refusal or said.thought() or said.calls() or said.thinking_blocks:
                    self.plain = False
                self._say(said.text())


class ResumedChatWriter(HubWriter):
    """Writes chunks that belong to a completion which has begun."""

    __slots__ = ("_frame", "_wants_usage")

    def __init__(self, frame: dict[str, Any], *, wants_usage: bool) -> None:
        super().__init__()
        self.committed = True
        self._frame = frame
        self._wants_usage = wants_usage

    def chunk(self, chunk: Completion) -> bytes:
        if not chunk.choices:
            return b""
        choice = chunk.choices[0]
        said, delta = choice.delta, {}
        if said is not None:
            known = (
                ("content", said.content),
                ("refusal", said.refusal),
                ("tool_calls", said.tool_calls and _calls(said.tool_calls)),
            )
            delta = {name: value for name, value in known if value}
        told = {"index": 0, "delta": delta, "finish_reason": choice.finish_reason}
        if choice.finish_reason and choice.stop_reason is not None:
            told["stop_reason"] = choice.stop_reason
        self.finish_reason = choice.finish_reason or self.finish_reason
        return self._encoded([told])

    def end(self, usage: Usage | None) -> bytes:
        if not self._wants_usage or usage is None:
            return _DONE
        return self._encoded([], usage=_counts(usage)) + _DONE

    def _encoded(self, choices: list[dict[str, Any]], **more: Any) -> bytes:
        return encode(msgspec.json.encode({**self._frame, "choices": choices, **more}))


def _calls(calls: list[Any]) -> list[dict[str, Any]]:
    out = []
    for position, call in enumerate(calls):
        told = {k: v for k, v in msgspec.to_builtins(call).items() if v is not None}
        function = {k: v for k, v in (told.get("function") or {}).items() if v is not None}
        index = position if call.index is None else call.index
        kind = {"type": "function"} if call.id else {}
        out.append({**told, **kind, "index": index, "function": function})
    return out


def _counts(usage: Usage) -> dict[str, Any]:
    return {
        "prompt_tokens": usage.prompt,
        "completion_tokens": usage.completion,
        "total_tokens": usage.total,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached,
            "cache_write_tokens": usage.cache_written,
        },
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }
