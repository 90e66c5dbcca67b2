"""Tools for models whose chat template knows none: llama.cpp would leave them out of the prompt.

The tools go into the system prompt (`toolprompt`), and calls are read from the text. A call that
the caller demands is held to a grammar instead, so that it always parses.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from inference.local import toolcalls, toolprompt
from inference.local.constraint import call_schema
from inference.local.generation import ChatGeneration, Object
from inference.local.markup import Markup, MarkupPiece, Section
from inference.local.toolcalls import ParsedToolCall
from inference.local.wire import Json


def as_text(generation: ChatGeneration) -> ChatGeneration:
    """The request with its tools written out, and with a grammar where a call is demanded."""
    messages = toolprompt.with_tools_as_text(generation.messages, generation.tools)
    form = generation.response_format
    if generation.tool_choice:
        form = {"type": "json_schema", "json_schema": {"schema": call_schema(generation.tools)}}
    return replace(generation, messages=tuple(messages), tools=(), response_format=form)


class ToolReader:
    """Takes the calls out of one choice's text, chunk by chunk."""

    def __init__(self, tools: Sequence[Object], *, demanded: bool) -> None:
        self._tools = tools
        markers = {Section.TOOL_CALL: toolprompt.MARKERS}
        # A demanded call comes without markers: all of the text is the call.
        start = Section.TOOL_CALL if demanded else Section.CONTENT
        self._markup = Markup(markers, start)
        self._demanded = demanded
        self._called = 0

    def read(self, choice: Json) -> Json:
        """The choice of a chunk with its calls in the place of their text."""
        pieces = list(self._markup.feed(choice["delta"].get("content", "")))
        reason = choice["finish_reason"]
        if reason:
            pieces += self._markup.finish()
        delta: Json = {}
        for piece in pieces:
            self._add(delta, piece)
        if reason == "stop" and self._called:
            reason = "tool_calls"
        return {**choice, "delta": delta, "finish_reason": reason}

    def _add(self, delta: Json, piece: MarkupPiece) -> None:
        calls = None
        if piece.section is Section.TOOL_CALL:
            calls = toolcalls.parse(piece.text, self._tools, toolprompt.parse_call, _new_id)
        if calls is None:
            delta["content"] = delta.get("content", "") + self._as_written(piece)
            return
        shown = delta.setdefault("tool_calls", [])
        for call in calls:
            shown.append({"index": self._called, **_call_object(call)})
            self._called += 1

    def _as_written(self, piece: MarkupPiece) -> str:
        """A call nobody can parse is shown to the caller rather than lost."""
        if piece.section is not Section.TOOL_CALL or self._demanded:
            return piece.text
        markers = toolprompt.MARKERS
        return markers.open + piece.text + (markers.close if piece.closed else "")


def _new_id() -> str:
    return f"call_{secrets.token_hex(12)}"


def _call_object(call: ParsedToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    return {"id": call.id, "type": "function", "function": function}
