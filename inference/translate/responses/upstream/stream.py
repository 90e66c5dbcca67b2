"""The events of a Response as the chunks of a chat completion."""

from __future__ import annotations

from typing import Any, Final

from inference.translate.responses.answer_schema import Response, ResponseEvent, ResponseItem
from inference.translate.responses.frame import usage_of_chat
from inference.translate.responses.upstream.reasoning import detail_of
from inference.values.seal import Seal

Chunk = dict[str, Any]

_DELTAS: Final = {
    "response.output_text.delta": "content",
    "response.refusal.delta": "refusal",
    "response.reasoning_summary_text.delta": "reasoning_content",
    "response.reasoning_text.delta": "reasoning_content",
}
_CALL: Final = "function_call"


class ResponseChunks:
    """Turns one event after the other into chunks. Holds the state of one stream."""

    __slots__ = ("_calls", "_created", "_frame", "_seal", "_thoughts", "_told")

    def __init__(self, created: int, seal: Seal | None) -> None:
        self._created = created
        self._seal = seal
        self._frame: Chunk = {}
        self._calls: dict[int, int] = {}
        """The number of each call, by the place of its item."""
        self._thoughts = 0
        self._told: set[int] = set()
        """Places of items of which something was said in pieces."""

    def of(self, event: ResponseEvent) -> list[Chunk]:
        """The chunks of one event; mostly one or none."""
        place = event.output_index or 0
        if event.type in _DELTAS and event.delta:
            self._told.add(place)
            return [self._chunk({_DELTAS[event.type]: event.delta})]
        if event.type == "response.function_call_arguments.delta" and event.delta:
            self._told.add(place)
            return [self._arguments(place, event.delta)] if place in self._calls else []
        if event.type == "response.output_item.added" and event.item is not None:
            return self._begun(place, event.item)
        if event.type == "response.output_item.done" and event.item is not None:
            return self._done(place, event.item)
        if event.type == "response.reasoning_summary_part.added" and place in self._told:
            return [self._chunk({"reasoning_content": "\n\n"})]
        if event.response is not None and not self._frame:
            return [self._begin(event.response)]
        return []

    def last(self, response: Response) -> list[Chunk]:
        """Why it ended, and its usage."""
        chunks = [] if self._frame else [self._begin(response)]
        chunks.append(self._chunk({}, response.finish_reason or "stop"))
        if response.usage is not None:
            told = {"usage": usage_of_chat(response.usage)}
            chunks.append({**self._frame, "choices": [], **told})
        return chunks

    def _begin(self, response: Response) -> Chunk:
        self._frame = {
            "id": response.id or "",
            "object": "chat.completion.chunk",
            "created": int(response.created_at or self._created),
            "model": response.model or "",
        }
        return self._chunk({"role": "assistant", "content": ""})

    def _begun(self, place: int, item: ResponseItem) -> list[Chunk]:
        if item.type != _CALL or place in self._calls:
            return []
        number = self._calls[place] = len(self._calls)
        function = {"name": item.name or "", "arguments": ""}
        call = {"index": number, "id": item.call_id or "", "type": "function", "function": function}
        return [self._chunk({"tool_calls": [call]})]

    def _done(self, place: int, item: ResponseItem) -> list[Chunk]:
        """What is known only when an item is whole, and what never came in pieces."""
        chunks: list[Chunk] = []
        said = place in self._told
        if item.type == _CALL:
            chunks += self._begun(place, item)
            if not said and item.arguments:
                chunks.append(self._arguments(place, item.arguments))
        elif item.type == "message" and not said:
            chunks += [self._chunk(piece) for piece in said_in(item)]
        elif item.type == "reasoning":
            if not said and (thought := thought_in(item)):
                chunks.append(self._chunk({"reasoning_content": thought}))
            if item.encrypted_content:
                detail = detail_of(item.encrypted_content, self._thoughts, self._seal)
                self._thoughts += 1
                chunks.append(self._chunk({"reasoning_details": [detail]}))
        return chunks

    def _arguments(self, place: int, piece: str) -> Chunk:
        call = {"index": self._calls[place], "function": {"arguments": piece}}
        return self._chunk({"tool_calls": [call]})

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> Chunk:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return {**self._frame, "choices": [choice]}


def said_in(item: ResponseItem) -> list[dict[str, Any]]:
    """The parts of a message: text and refusals, in their order."""
    parts = item.content or ()
    return [
        {"refusal": part.refusal} if part.type == "refusal" else {"content": part.text}
        for part in parts
        if part.refusal or part.text
    ]


def thought_in(item: ResponseItem) -> str:
    """Reasoning that may be read: its summary, or itself."""
    return "\n\n".join(part.text for part in item.summary or item.content or () if part.text)
