"""The output items of a Response while they grow, and the events that tell of it."""

from __future__ import annotations

from typing import Any

import msgspec

from inference.translate.chat.thinking_order import own
from inference.translate.reasoning_details import add_details
from inference.translate.responses.function_names import CallersTool
from inference.translate.responses.reasoning import Kept, sealed
from inference.translate.responses.tools import INPUT
from inference.translate.sealing import opened_id

Event = dict[str, Any]


class Output:
    """One item. Every method returns the events that the change is told by."""

    def __init__(self, item_id: str, index: int) -> None:
        self.id = item_id
        self.index = index
        self.status = "in_progress"

    def item(self) -> dict[str, Any]:
        """The item as it stands."""
        raise NotImplementedError

    def added(self) -> list[Event]:
        return [self._told("response.output_item.added")]

    def finished(self, status: str) -> list[Event]:
        """`status` is `completed` or `incomplete`."""
        self.status = status
        return [self._told("response.output_item.done")]

    def _told(self, kind: str) -> Event:
        return {"type": kind, "output_index": self.index, "item": self.item()}

    def _event(self, kind: str, **fields: Any) -> Event:
        place = {"item_id": self.id, "output_index": self.index}
        return {"type": f"response.{kind}", **place, **fields}


class MessageItem(Output):
    """What the model says, in parts of text and of refusal."""

    def __init__(self, item_id: str, index: int) -> None:
        super().__init__(item_id, index)
        self._parts: list[dict[str, Any]] = []
        self._texts: list[str] = []

    def item(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "status": self.status,
            "content": list(self._parts),
        }

    def say(self, kind: str, text: str) -> list[Event]:
        """`kind` is `output_text` or `refusal`."""
        events: list[Event] = []
        if not self._parts or self._parts[-1]["type"] != kind:
            events = self._end_part()
            self._parts.append(_part(kind, ""))
            events.append(self._place("content_part.added", part=self._parts[-1]))
        self._texts.append(text)
        more: Event = {"logprobs": []} if kind == "output_text" else {}
        events.append(self._place(f"{kind}.delta", delta=text, **more))
        return events

    def finished(self, status: str) -> list[Event]:
        return [*self._end_part(), *super().finished(status)]

    def _end_part(self) -> list[Event]:
        if not self._parts:
            return []
        kind = self._parts[-1]["type"]
        text = "".join(self._texts)
        self._texts = []
        self._parts[-1] = _part(kind, text)
        whole: Event = {"text": text, "logprobs": []} if kind == "output_text" else {kind: text}
        return [
            self._place(f"{kind}.done", **whole),
            self._place("content_part.done", part=self._parts[-1]),
        ]

    def _place(self, kind: str, **fields: Any) -> Event:
        return self._event(kind, content_index=len(self._parts) - 1, **fields)


def _part(kind: str, text: str) -> dict[str, Any]:
    if kind == "refusal":
        return {"type": kind, "refusal": text}
    return {"type": kind, "text": text, "annotations": [], "logprobs": []}


class ReasoningItem(Output):
    """What the model thinks: as a summary if the caller asked for one, else as it is."""

    def __init__(self, item_id: str, index: int, *, summarized: bool) -> None:
        super().__init__(item_id, index)
        self._summarized = summarized
        self._texts: list[str] = []
        self._blocks: list[dict[str, Any]] = []
        self._details: list[dict[str, Any]] = []

    def item(self) -> dict[str, Any]:
        text = "".join(self._texts)
        item: dict[str, Any] = {
            "id": self.id,
            "type": "reasoning",
            "status": self.status,
            "summary": [],
        }
        if text and self._summarized:
            item["summary"] = [self._part(text)]
        elif text:
            item["content"] = [self._part(text)]
        if self.status != "in_progress":
            blocks, details = self._blocks, self._details
            item["encrypted_content"] = sealed(
                Kept(blocks=blocks, details=details)
                if blocks
                else Kept(reasoning=text, details=details)
            )
        return item

    def think(self, text: str) -> list[Event]:
        events = []
        if not self._texts:
            events.append(self._place(self._name("part.added"), part=self._part("")))
        self._texts.append(text)
        events.append(self._place(self._name("text.delta"), delta=text))
        return events

    def keep(self, blocks: list[dict[str, Any]], details: list[dict[str, Any]]) -> None:
        """What the upstream wants back: blocks with a signature, or hidden; OpenRouter's parts."""
        add_details(self._details, details)
        for block in blocks:
            if block.get("signature") or block.get("type") == "redacted_thinking":
                self._blocks.append(own(block))

    def finished(self, status: str) -> list[Event]:
        events = []
        if self._texts:
            text = "".join(self._texts)
            events.append(self._place(self._name("text.done"), text=text))
            events.append(self._place(self._name("part.done"), part=self._part(text)))
        return [*events, *super().finished(status)]

    def _part(self, text: str) -> dict[str, Any]:
        return {"type": "summary_text" if self._summarized else "reasoning_text", "text": text}

    def _name(self, event: str) -> str:
        if self._summarized:
            return f"reasoning_summary_{event}"
        return f"content_{event}" if event.startswith("part") else f"reasoning_{event}"

    def _place(self, kind: str, **fields: Any) -> Event:
        return self._event(
            kind, **{"summary_index" if self._summarized else "content_index": 0}, **fields
        )


class Call(Output):
    """A function the model calls."""

    def __init__(self, index: int, call_id: str, tool: CallersTool) -> None:
        super().__init__(f"fc_{opened_id(call_id)[0]}", index)
        self._call_id = call_id
        self._tool = tool
        self._arguments: list[str] = []

    def item(self) -> dict[str, Any]:
        return {**self._called("function_call"), "arguments": "".join(self._arguments)}

    def give(self, arguments: str) -> list[Event]:
        self._arguments.append(arguments)
        return [self._event("function_call_arguments.delta", delta=arguments)]

    def finished(self, status: str) -> list[Event]:
        if not "".join(self._arguments).strip():
            self._arguments = ["{}"]
        whole = "".join(self._arguments)
        done = self._event("function_call_arguments.done", name=self._tool.name, arguments=whole)
        return [done, *super().finished(status)]

    def _called(self, kind: str) -> dict[str, Any]:
        namespace = self._tool.namespace
        return {
            "id": self.id,
            "type": kind,
            "status": self.status,
            "call_id": self._call_id,
            "name": self._tool.name,
            **({} if namespace is None else {"namespace": namespace}),
        }


class CustomCall(Call):
    """A call of a custom tool. Its text is the one argument of the function that stands for it."""

    def __init__(self, index: int, call_id: str, tool: CallersTool) -> None:
        super().__init__(index, call_id, tool)
        self.id = f"ctc_{opened_id(call_id)[0]}"
        self._text = ""

    def item(self) -> dict[str, Any]:
        return {**self._called("custom_tool_call"), "input": self._text}

    def give(self, arguments: str) -> list[Event]:
        """Nothing is told before the end: half an escaped text cannot be read."""
        self._arguments.append(arguments)
        return []

    def finished(self, status: str) -> list[Event]:
        self._text = _custom_input("".join(self._arguments))
        events = [self._event("custom_tool_call_input.delta", delta=self._text)]
        events.append(self._event("custom_tool_call_input.done", input=self._text))
        return [*events, *Output.finished(self, status)]


def call_item(index: int, call_id: str, tool: CallersTool) -> Call:
    return (CustomCall if tool.custom else Call)(index, call_id, tool)


def _custom_input(arguments: str) -> str:
    """The text a model meant. Some leave out the object, or give its one member another name."""
    try:
        given = msgspec.json.decode(arguments)
    except (msgspec.DecodeError, RecursionError):
        return arguments
    if isinstance(given, dict):
        given = given.get(INPUT, next(iter(given.values()), "") if len(given) <= 1 else given)
    return given if isinstance(given, str) else arguments
