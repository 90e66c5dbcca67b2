"""OpenAI's two shapes of one answer: a completion, and the chunks it streams as.

An upstream may send the one where the other was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

from inference.translate.chat.call_repairs import as_text, text_or_empty
from inference.translate.chat.calls import CallPieces
from inference.translate.lenient import count_of
from inference.translate.reasoning_details import add_details

_SHARED: Final = ("id", "created", "model", "system_fingerprint", "service_tier")


def chunks_of(completion: dict[str, Any], *, usage: bool) -> Iterator[dict[str, Any]]:
    """A whole chat or text completion as the chunks of a stream, the usage chunk if wanted."""
    choices = completion["choices"]
    text = all("text" in choice for choice in choices)
    frame: dict[str, Any] = {
        **{name: completion[name] for name in _SHARED if name in completion},
        "object": "text_completion" if text else "chat.completion.chunk",
    }
    for position, choice in enumerate(choices):
        told = count_of(choice.get("index"))
        index = position if told is None else told
        if text:
            yield {**frame, "choices": [{**choice, "index": index}]}
            continue
        message = choice.get("message") or {}
        delta = {name: value for name, value in message.items() if value is not None}
        if "tool_calls" in delta:
            calls = delta["tool_calls"]
            delta["tool_calls"] = [
                {"index": n, **call} | {"index": n} for n, call in enumerate(calls)
            ]
        said = {"index": index, "delta": delta, "finish_reason": None}
        if choice.get("logprobs") is not None:
            said["logprobs"] = choice["logprobs"]
        yield {**frame, "choices": [said]}
        end: dict[str, Any] = {
            "index": index,
            "delta": {},
            "finish_reason": choice.get("finish_reason") or "stop",
        }
        yield {**frame, "choices": [end]}
    if usage and completion.get("usage") is not None:
        yield {**frame, "choices": [], "usage": completion["usage"]}


def completion_of(chunks: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """The chunks of a chat or text completion as the whole they spell."""
    whole: dict[str, Any] = {}
    choices: dict[int, _Choice] = {}
    for chunk in chunks:
        for name, value in chunk.items():
            if name not in ("choices", "usage", "object") and value is not None:
                whole.setdefault(name, value)
        if isinstance(chunk.get("usage"), dict):
            known = whole.get("usage") or {}
            # A later 0 says nothing after a count.
            whole["usage"] = {k: v or known.get(k, v) for k, v in chunk["usage"].items()}
        for piece in chunk.get("choices") or ():
            choices.setdefault(count_of(piece.get("index")) or 0, _Choice()).add(piece)
    text = any("text" in choice.fields for choice in choices.values())
    whole["object"] = "text_completion" if text else "chat.completion"
    whole["choices"] = [
        {"index": index, **choice.whole(text=text)} for index, choice in sorted(choices.items())
    ]
    return whole


class _Choice:
    """One choice as its pieces come in."""

    def __init__(self) -> None:
        self.fields: dict[str, Any] = {}
        self._message: dict[str, Any] = {}
        self._pieces = CallPieces()
        self._calls: dict[int, dict[str, Any]] = {}

    def add(self, piece: dict[str, Any]) -> None:
        for name, value in piece.items():
            if name == "delta":
                self._add_delta(value or {})
            elif name != "index":
                _merge(self.fields, {name: value})

    def _add_delta(self, delta: dict[str, Any]) -> None:
        for call in delta.get("tool_calls") or ():
            piece = {name: value for name, value in call.items() if name != "index"}
            piece["function"] = _function(call.get("function"))
            function = piece["function"]
            known = self._pieces.place(
                count_of(call.get("index")),
                text_or_empty(call.get("id")),
                text_or_empty(function.get("name")),
                text_or_empty(function.get("arguments")),
            )
            merged = self._calls.setdefault(known.number, {})
            if merged.get("id"):
                # Some servers give every piece an id of its own.
                piece.pop("id", None)
            _merge(merged, piece)
        details = delta.get("reasoning_details")
        if isinstance(details, list):
            known_details = self._message.setdefault("reasoning_details", [])
            add_details(known_details, [d for d in details if isinstance(d, dict)])
        _merge(self._message, {k: v for k, v in delta.items() if k not in _PUT_TOGETHER})

    def whole(self, *, text: bool) -> dict[str, Any]:
        fields = {"finish_reason": None, **self.fields}
        if text:
            return fields
        message = {"role": "assistant", "content": None, **self._message}
        if self._calls:
            message["tool_calls"] = [call for _, call in sorted(self._calls.items())]
        return {"message": message, **fields}


def _function(value: Any) -> dict[str, Any]:
    function = dict(value) if isinstance(value, dict) else {}
    as_text(function)
    return function


_PUT_TOGETHER: Final = frozenset({"tool_calls", "reasoning_details"})
_WHOLE: Final = frozenset({"id", "type", "name", "role", "finish_reason"})
"""Strings that come whole, and twice from careless servers; every other string is a piece."""


def _merge(whole: dict[str, Any], piece: dict[str, Any]) -> None:
    for name, value in piece.items():
        known = whole.get(name)
        if known is None:
            whole[name] = value
        elif isinstance(known, str) and isinstance(value, str):
            whole[name] = value or known if name in _WHOLE else known + value
        elif isinstance(known, dict) and isinstance(value, dict):
            _merge(known, value)
        elif isinstance(known, list) and isinstance(value, list):
            known.extend(value)
        elif value is not None:
            whole[name] = value
