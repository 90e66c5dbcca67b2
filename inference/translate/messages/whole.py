"""Anthropic's two shapes of one answer: a message, and the events it streams as.

An upstream may send the one where the other was asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec

_DELTAS: Final = {"text": "text_delta", "thinking": "thinking_delta"}


def events_of(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A whole message as the events of its stream."""
    usage = message.get("usage") or {}
    begun = {**message, "content": [], "stop_reason": None, "stop_sequence": None}
    begun["usage"] = {**usage, "output_tokens": 0}
    yield {"type": "message_start", "message": begun}
    for index, block in enumerate(message["content"]):
        yield from _events_of_block(index, block)
    said = {
        name: message.get(name)
        for name in ("stop_reason", "stop_sequence", "stop_details")
        if name in message
    }
    counts = {"output_tokens": 0, **usage}
    yield {"type": "message_delta", "delta": said, "usage": counts}
    yield {"type": "message_stop"}


def _events_of_block(index: int, block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    deltas: list[dict[str, Any]] = []
    start = dict(block)
    kind = block["type"]
    if kind in _DELTAS:
        start[kind] = ""
        deltas.append({"type": _DELTAS[kind], kind: block.get(kind) or ""})
    if kind == "thinking":
        start["signature"] = ""
        deltas.append({"type": "signature_delta", "signature": block.get("signature") or ""})
    elif kind in ("tool_use", "server_tool_use"):
        start["input"] = {}
        text = msgspec.json.encode(block.get("input") or {}).decode()
        deltas.append({"type": "input_json_delta", "partial_json": text})
    yield {"type": "content_block_start", "index": index, "content_block": start}
    for piece in deltas:
        yield {"type": "content_block_delta", "index": index, "delta": piece}
    yield {"type": "content_block_stop", "index": index}


def message_of(events: Iterable[dict[str, Any]]) -> dict[str, Any] | None:
    """The message a stream spells; None when it stops before its end."""
    message: dict[str, Any] = {}
    inputs: dict[int, str] = {}
    ended = False
    for event in events:
        kind = event["type"]
        if kind == "message_start":
            message = dict(event["message"])
            message["content"] = []
        elif kind == "content_block_start":
            message["content"].append(dict(event["content_block"]))
        elif kind == "content_block_delta":
            _add(message["content"][event["index"]], event, inputs)
        elif kind == "message_delta":
            message.update(event["delta"])
            known = message.get("usage") or {}
            # A later 0 says nothing after a count.
            counts = {k: v or known.get(k, v) for k, v in (event.get("usage") or {}).items()}
            message["usage"] = {**known, **{k: v for k, v in counts.items() if v is not None}}
        elif kind == "message_stop":
            ended = True
            break
    # A reason to stop is an end as well: some servers leave out the last event.
    if not ended and not message.get("stop_reason"):
        return None
    for index, text in inputs.items():
        message["content"][index]["input"] = msgspec.json.decode(text)
    return message


def _add(block: dict[str, Any], event: dict[str, Any], inputs: dict[int, str]) -> None:
    delta = event["delta"]
    kind = delta["type"]
    if kind == "text_delta":
        block["text"] = (block.get("text") or "") + (delta["text"] or "")
    elif kind == "thinking_delta":
        block["thinking"] = (block.get("thinking") or "") + (delta["thinking"] or "")
    elif kind == "signature_delta":
        block["signature"] = delta["signature"]
    elif kind == "input_json_delta" and delta["partial_json"]:
        inputs[event["index"]] = inputs.get(event["index"], "") + delta["partial_json"]
    elif kind == "citations_delta":
        block.setdefault("citations", [])
        block["citations"] = [*(block["citations"] or []), delta["citation"]]
