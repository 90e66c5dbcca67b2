"""The chunks of a chat completion as the named events of a Response."""

from __future__ import annotations

from typing import Any

import msgspec

from inference.protocols.sse import encode
from inference.translate.base import TranslatedAnswer
from inference.translate.chat.thinking_order import interleaved, is_interleaved
from inference.translate.hub import HubWriter
from inference.translate.hub_answer import (
    AnsweredToolCall,
    CalledFunction,
    Completion,
    Said,
)
from inference.translate.messages.caller.answer import call_id
from inference.translate.responses.frame import ended, usage_of
from inference.translate.responses.function_names import FunctionNames
from inference.translate.responses.outputs import (
    Call,
    Event,
    MessageItem,
    Output,
    ReasoningItem,
    call_item,
)
from inference.translate.sealing import sealed_id
from inference.values.kept_answer import Keep
from inference.values.seal import Seal
from inference.values.usage import Usage


def _in_order(said: Said) -> list[Said]:
    """A whole message of a model that thinks between its words, in the order it spoke."""
    if not said.thinking_blocks or not is_interleaved(said.thinking_blocks):
        return [said]
    if said.content is None and not said.tool_calls:
        return [said]
    pieces: list[Said] = []
    calls = said.calls()
    for number, call in enumerate(calls):
        call.index = number
    for kind, piece in interleaved(said.thinking_blocks, said.text(), calls):
        if kind == "text":
            pieces.append(Said(content=piece))
        elif kind == "thinking":
            thought = piece.get("thinking")
            pieces.append(Said(reasoning_content=thought, thinking_blocks=[piece]))
        else:
            pieces.append(Said(tool_calls=[piece]))
    return [*pieces, Said(refusal=said.refusal)]


class ResponseWriter(HubWriter):
    """Turns one chunk after the other into events. Holds the state of one Response."""

    __slots__ = (
        "_calls",
        "_frame",
        "_id",
        "_keep",
        "_names",
        "_open",
        "_outputs",
        "_seal",
        "_summarized",
        "_tier",
    )

    def __init__(
        self,
        frame: dict[str, Any],
        *,
        summarized: bool,
        names: FunctionNames | None = None,
        keep: Keep | None = None,
        seal: Seal | None = None,
    ) -> None:
        """`names` are those of the request's tools. `seal` is for ids of what is kept."""
        super().__init__()
        self._names = names or FunctionNames()
        self._frame = frame
        self._keep = keep
        self._seal = seal
        self._summarized = summarized
        self._id = ""
        self._tier: str | None = None
        self._outputs: list[Output] = []
        self._open: MessageItem | ReasoningItem | None = None
        self._calls: dict[int, Call] = {}

    def resume(self, frame: dict[str, Any], item: str, text: str, sequence: int) -> None:
        """Goes on with a Response whose one message `item` said `text` so far."""
        self._frame, self._id = frame, frame["id"].removeprefix("resp_")
        self.committed, self.sequence = True, sequence
        if item:
            self._open = message = MessageItem(item, 0)
            self._outputs.append(message)
            message.say("output_text", text)

    def chunk(self, chunk: Completion) -> bytes:
        """The events of one chunk."""
        self._tier = chunk.service_tier or self._tier
        if not chunk.choices:
            return b""
        choice = chunk.choices[0]
        events = [] if self._id else self._begin(chunk)
        said = choice.delta or choice.message
        for piece in _in_order(said) if said is not None else ():
            events += self._said(piece)
        if choice.finish_reason is not None:
            self.committed = True
            self.finish_reason = choice.finish_reason
        return self._encoded(events)

    def end(self, usage: Usage | None) -> bytes:
        """The end of every item, and the last event, which holds the whole Response."""
        events = self._finish_all()
        response = self._kept(usage)
        kind = "response.completed" if response["status"] == "completed" else "response.incomplete"
        return self._encoded([*events, {"type": kind, "response": response}])

    def whole(self, whole: Completion, usage: Usage | None) -> TranslatedAnswer:
        """The Response that a whole makes: of the same events the last is kept."""
        assert whole.choices
        choice = whole.choices[0]
        choice.finish_reason = choice.finish_reason or "stop"
        self.chunk(whole)
        self._finish_all()
        return TranslatedAnswer(
            msgspec.json.encode(self._kept(usage)),
            model=whole.model or "",
            usage=usage,
            finish_reason=self.finish_reason,
        )

    def response(self, usage: Usage | None) -> dict[str, Any]:
        """The whole Response."""
        response = {**self._frame, **ended(self.finish_reason)}
        response["output"] = [output.item() for output in self._outputs]
        response["usage"] = usage_of(usage)
        if self._tier is not None:
            response["service_tier"] = self._tier
        return response

    def _kept(self, usage: Usage | None) -> dict[str, Any]:
        """The whole Response, given to whom keeps it."""
        response = self.response(usage)
        if self._keep is not None:
            self._keep.put(response)
        return response

    def _sealed(self, prefix: str, index: int | None = None) -> str:
        """The id of the response, or of an item."""
        place = "" if index is None else f"_{index}"
        own = f"{prefix}_{self._id}{place}"
        return own if self._keep is None or self._seal is None else self._seal.seal(own)

    def partial(self) -> dict[str, Any] | None:
        """The Response that failed, its error aside; None before it was told of."""
        if not self._id:
            return None
        output = [output.item() for output in self._outputs]
        return {**self._frame, "status": "failed", "output": output, "usage": None}

    def _begin(self, chunk: Completion) -> list[Event]:
        self._id = chunk.id or "0" if self._keep is None else self._keep.id
        identity = {"id": self._sealed("resp"), "model": chunk.model or ""}
        self._frame = {**identity, **self._frame}
        begun = {**self._frame, "status": "in_progress", "output": [], "usage": None}
        return [
            {"type": "response.created", "response": begun},
            {"type": "response.in_progress", "response": begun},
        ]

    def _said(self, said: Said) -> list[Event]:
        events: list[Event] = []
        thought = said.thought()
        if thought:
            reasoning, begun = self._reasoning()
            events += [*begun, *reasoning.think(thought)]
        if said.thinking_blocks or said.reasoning_details:
            reasoning, begun = self._reasoning()
            reasoning.keep(said.thinking_blocks or [], said.reasoning_details or [])
            events += begun
        text = said.text()
        if text:
            message, begun = self._message()
            events += [*begun, *message.say("output_text", text)]
        if said.refusal:
            message, begun = self._message()
            events += [*begun, *message.say("refusal", said.refusal)]
        for position, call in enumerate(said.calls()):
            events += self._call(call, position)
        return events

    def _reasoning(self) -> tuple[ReasoningItem, list[Event]]:
        """The open reasoning, or a new one and what tells of it."""
        if isinstance(self._open, ReasoningItem):
            return self._open, []
        events = self._close()
        index = len(self._outputs)
        self._open = reasoning = ReasoningItem(
            self._sealed("rs", index), index, summarized=self._summarized
        )
        return reasoning, [*events, *self._add(reasoning)]

    def _message(self) -> tuple[MessageItem, list[Event]]:
        if isinstance(self._open, MessageItem):
            return self._open, []
        events = self._close()
        index = len(self._outputs)
        self._open = message = MessageItem(self._sealed("msg", index), index)
        return message, [*events, *self._add(message)]

    def _call(self, piece: AnsweredToolCall, position: int) -> list[Event]:
        """The items of calls stay open until the end: their arguments may come by turns."""
        number = position if piece.index is None else piece.index
        function = piece.function or CalledFunction()
        events: list[Event] = []
        if number not in self._calls:
            if not function.name:
                return []
            events = self._close()
            index = len(self._outputs)
            own = piece.id or call_id(self._id, number)
            tool = self._names.callers(function.name)
            call = call_item(index, sealed_id(own, piece.extra_content), tool)
            if self._keep is not None:
                call.id = self._sealed(call.id.partition("_")[0], index)
            self._calls[number] = call
            events += self._add(call)
        if function.arguments:
            events += self._calls[number].give(function.arguments)
        return events

    def _add(self, output: Output) -> list[Event]:
        self.committed = True
        self._outputs.append(output)
        return output.added()

    def _close(self) -> list[Event]:
        output, self._open = self._open, None
        return output.finished("completed") if output is not None else []

    def _finish_all(self) -> list[Event]:
        status = ended(self.finish_reason)["status"]
        output, self._open = self._open, None
        events = output.finished(status) if output is not None else []
        for call in self._calls.values():
            events += call.finished(status)
        return events

    def _encoded(self, events: list[Event]) -> bytes:
        out = []
        for event in events:
            event["sequence_number"] = self.sequence
            self.sequence += 1
            out.append(encode(msgspec.json.encode(event), event["type"].encode()))
        return b"".join(out)
