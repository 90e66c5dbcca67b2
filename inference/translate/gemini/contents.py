"""OpenAI's messages as Google's contents: calls and results are parts of turns.

A model's calls are followed by one turn with all of their results. From Gemini 3 on the first call
of each step carries the thought signature it came with. Source: the Gemini API's guides "Function
calling" and "Thought signatures".
"""

from __future__ import annotations

from typing import Any, Final

from inference.translate.base import Inexpressible
from inference.translate.chat.ordering import ordered
from inference.translate.gemini.parts import Piece, pieces_of
from inference.translate.gemini.request_schema import GeminiMessage, SignedCall
from inference.translate.gemini.thinking import is_signed
from inference.translate.json_errors import Dropped
from inference.translate.sealing import opened_id
from inference.translate.tool_input import object_of
from inference.translate.tool_names import legal_name

Turn = dict[str, Any]

ANY_SIGNATURE: Final = "skip_thought_signature_validator"
"""For calls of another model's. Source: "Thought signatures", on migrated histories."""
_NO_FUNCTIONS: Final = "`functions` are deprecated and have no counterpart: use `tools`."


class Contents:
    """The turns of one request, in the making."""

    def __init__(self, model: str, dropped: Dropped) -> None:
        self.system: list[Piece] = []
        self.turns: list[Turn] = []
        self._signs = is_signed(model)
        self._dropped = dropped
        self._calls: dict[str, tuple[str, str]] = {}
        """Names and Google's own ids of calls, by the id the caller knows."""

    def add(self, messages: list[GeminiMessage]) -> None:
        """Raises `Inexpressible`."""
        for position, message in enumerate(ordered(messages, GeminiMessage)):
            path = f"messages[{position}]"
            if message.name is not None and message.role != "tool":
                self._dropped.add("messages.name")
            if message.cache_control is not None:
                self._dropped.add("cache_control")
            pieces = pieces_of(message.content, f"{path}.content", self._dropped)
            if message.role in ("system", "developer"):
                self._instruct(pieces, f"{path}.content")
            elif message.role == "user":
                self._say("user", pieces)
            elif message.role == "assistant":
                self._say("model", [*self._said(message, pieces), *self._called(message, path)])
            elif message.role == "tool":
                self._return(message, pieces, path)
            else:
                raise Inexpressible(f"{path}.role", _NO_FUNCTIONS)
        if not self.turns:
            raise Inexpressible(
                "messages", "`messages`: Gemini wants a message that says something."
            )

    def _instruct(self, pieces: list[Piece], path: str) -> None:
        if any("text" not in piece for piece in pieces):
            raise Inexpressible(path, f"`{path}`: a system message holds text alone.")
        self.system += pieces

    def _say(self, role: str, pieces: list[Piece]) -> None:
        """Turns of the same side are one, but for results, which stand alone."""
        if not pieces:
            return
        last = self.turns[-1] if self.turns else None
        if last is not None and last["role"] == role and not _is_results(last):
            last["parts"] += pieces
        else:
            self.turns.append({"role": role, "parts": pieces})

    def _said(self, message: GeminiMessage, pieces: list[Piece]) -> list[Piece]:
        if message.reasoning_content or message.thinking_blocks:
            # What it thought is told by the signatures of its calls.
            self._dropped.add("messages.reasoning_content")
        return [*pieces, {"text": message.refusal}] if message.refusal else pieces

    def _called(self, message: GeminiMessage, path: str) -> list[Piece]:
        if message.function_call is not None:
            raise Inexpressible(f"{path}.function_call", _NO_FUNCTIONS)
        calls = [
            self._call(call, f"{path}.tool_calls[{n}]")
            for n, call in enumerate(message.tool_calls or ())
        ]
        if calls and self._signs and "thoughtSignature" not in calls[0]:
            calls[0]["thoughtSignature"] = ANY_SIGNATURE
        return calls

    def _call(self, call: SignedCall, path: str) -> Piece:
        if call.function is None:
            message = f"`{path}`: Gemini's protocol has no tool calls of type {call.type!r}."
            raise Inexpressible(path, message)
        _, sealed = opened_id(call.id)
        google = (call.extra_content or sealed or {}).get("google")
        google = google if isinstance(google, dict) else {}
        own, signature = google.get("id"), google.get("thought_signature")
        name = legal_name(call.function.name)
        said: Piece = {"name": name, "args": object_of(call.function.arguments)}
        self._calls[call.id] = name, ""
        if isinstance(own, str) and own:
            said["id"] = own
            self._calls[call.id] = name, own
        if isinstance(signature, str) and signature:
            return {"functionCall": said, "thoughtSignature": signature}
        return {"functionCall": said}

    def _return(self, message: GeminiMessage, pieces: list[Piece], path: str) -> None:
        where = f"{path}.tool_call_id"
        if message.tool_call_id is None:
            raise Inexpressible(where, f"`{where}` is required.")
        if message.tool_call_id not in self._calls:
            raise Inexpressible(where, f"`{where}` is of no call before it.")
        name, own = self._calls[message.tool_call_id]
        text = "\n".join(piece["text"] for piece in pieces if "text" in piece)
        outcome = {"error" if message.is_error else "output": text}
        result: Piece = {"name": name, "response": outcome}
        if own:
            result["id"] = own
        more = [piece for piece in pieces if "text" not in piece]
        last = self.turns[-1] if self.turns else None
        if last is None or not _is_results(last):
            last = {"role": "user", "parts": []}
            self.turns.append(last)
        last["parts"] += [{"functionResponse": result}, *more]


def _is_results(turn: Turn) -> bool:
    return any("functionResponse" in piece for piece in turn["parts"])
