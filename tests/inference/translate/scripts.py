"""One scripted model, speaking either protocol, streamed or whole.

It counts: five times it asks the tool `add` for a sum, with the result it was given last, then it
says the sum. It thinks before every call and wants its thinking back.
"""

from __future__ import annotations

from typing import Any

import msgspec

from tests.inference.translate.support import blocks, call, delta, js, message, sse, tool_block

TURNS = 5
USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 5,
    "total_tokens": 25,
    "prompt_tokens_details": {"cached_tokens": 12, "cache_write_tokens": 3},
    "completion_tokens_details": {"reasoning_tokens": 2},
}
COUNTS = {
    "input_tokens": 5,
    "output_tokens": 5,
    "cache_read_input_tokens": 12,
    "cache_creation_input_tokens": 3,
    "output_tokens_details": {"thinking_tokens": 2},
}


def openai_adder(body: dict[str, Any]) -> bytes:
    """The model behind an OpenAI-speaking server."""
    results = [m["content"] for m in body["messages"] if m["role"] == "tool"]
    calls = [m for m in body["messages"] if m["role"] == "assistant"]
    assert all(m["tool_calls"][0]["function"]["name"] == "add" for m in calls)
    assert all(m["reasoning_content"] == "Hm" for m in calls)
    total = int(results[-1]) if results else 0
    if len(results) == TURNS:
        said: dict[str, Any] = {"content": f"It is {total}."}
        finish = "stop"
    else:
        arguments = js({"a": total, "b": 1}).decode()
        made = call("add", arguments, f"call_{len(results)}")
        said = {"reasoning_content": "Hm", "tool_calls": [made]}
        finish = "tool_calls"
    if not body.get("stream"):
        choice = {"index": 0, "message": {"role": "assistant", **said}, "finish_reason": finish}
        whole = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1}
        return js({**whole, "model": "real-model", "choices": [choice], "usage": USAGE})
    assert body["stream_options"] == {"include_usage": True}
    return sse(
        delta("", role="assistant"),
        *(delta(**{name: value}) for name, value in _pieces(said)),
        delta(finish=finish),
        {**delta(), "choices": [], "usage": USAGE},
    )


def _pieces(said: dict[str, Any]) -> list[tuple[str, Any]]:
    if "content" in said:
        return [("content", said["content"][:3]), ("content", said["content"][3:])]
    [made] = said["tool_calls"]
    name, arguments = made["function"]["name"], made["function"]["arguments"]
    begun = {"index": 0, **made, "function": {"name": name, "arguments": ""}}
    return [
        ("reasoning_content", "H"),
        ("reasoning_content", "m"),
        ("tool_calls", [begun]),
        ("tool_calls", [{"index": 0, "function": {"arguments": arguments[:4]}}]),
        ("tool_calls", [{"index": 0, "function": {"arguments": arguments[4:]}}]),
    ]


def anthropic_adder(body: dict[str, Any]) -> bytes:
    """The model behind Anthropic's protocol."""
    results = []
    for turn in body["messages"]:
        if turn["role"] == "assistant":
            thought, use = turn["content"]
            assert thought == {"type": "thinking", "thinking": "Hm", "signature": "SIG"}
            assert (use["type"], use["name"]) == ("tool_use", "add")
        elif isinstance(turn["content"], list):
            results += [b["content"] for b in turn["content"] if b["type"] == "tool_result"]
    last = results[-1] if results else "0"
    total = int(last if isinstance(last, str) else last[0]["text"])
    if len(results) == TURNS:
        text = f"It is {total}."
        streamed: Any = [({"type": "text", "text": ""}, [{"type": "text_delta", "text": text}])]
        content: list[Any] = [{"type": "text", "text": text}]
        stop = "end_turn"
    else:
        given = {"a": total, "b": 1}
        use_id = f"toolu_{len(results)}"
        thought = {"type": "thinking", "thinking": "Hm", "signature": "SIG"}
        content = [thought, {"type": "tool_use", "id": use_id, "name": "add", "input": given}]
        deltas = [
            {"type": "thinking_delta", "thinking": "Hm"},
            {"type": "signature_delta", "signature": "SIG"},
        ]
        arguments = js(given).decode()
        streamed = [
            ({"type": "thinking", "thinking": "", "signature": ""}, deltas),
            tool_block("add", arguments[:4], arguments[4:], call_id=use_id),
        ]
        stop = "tool_use"
    if not body.get("stream"):
        return js(message(*content, stop=stop, usage=COUNTS))
    stream = blocks(*streamed, stop=stop)
    return stream.replace(b'"usage":{"output_tokens":5}', b'"usage":' + msgspec.json.encode(COUNTS))


ADDERS = {"openai": openai_adder, "anthropic": anthropic_adder}
