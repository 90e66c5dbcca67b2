"""Requests of coding agents to each of the three chat APIs: everything at once, and big."""

from __future__ import annotations

from typing import Any

from tests.inference.tables import KEY
from tests.service.pairs.anthropic_script import SIGNATURE
from tests.service.pairs.talk import PNG

BETAS = (
    "claude-code-20250219,interleaved-thinking-2025-05-14,fine-grained-tool-streaming-2025-05-14,"
    "context-management-2025-06-27,prompt-caching-scope-2026-01-05"
)
HEADERS = {
    "authorization": f"Bearer {KEY}",
    "anthropic-version": "2023-06-01",
    "anthropic-beta": BETAS,
    "anthropic-dangerous-direct-browser-access": "true",
    "user-agent": "claude-cli/2.0.76 (external, cli)",
    "x-app": "cli",
    "x-stainless-lang": "js",
    "x-stainless-retry-count": "0",
    "x-stainless-timeout": "600",
    "accept": "application/json",
}
EPHEMERAL = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}
NAMES = ("Task", "Bash", "Glob", "Grep", "Read", "Edit", "Write", "WebFetch", "TodoWrite", "Skill")


def tool(name: str, number: int) -> dict[str, Any]:
    return {
        "name": name,
        "description": f"{name}: " + f"use it with care ({number}). " * 200,
        "input_schema": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "type": "object",
            "properties": {
                "path": {"type": "string", "description": "Where; “quoted”, ü, \u2028."},
                "limit": {"type": "integer", "exclusiveMinimum": 0, "default": 0},
                "todos": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {"status": {"enum": ["pending", None, "completed"]}},
                        "additionalProperties": False,
                    },
                },
            },
            "required": ["path"],
            "additionalProperties": False,
        },
    }


def thinking(number: int) -> dict[str, Any]:
    return {"type": "thinking", "thinking": f"Thought {number}.", "signature": SIGNATURE}


def use(call_id: str, name: str, **given: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": name, "input": given}


def result(call_id: str, content: Any, **more: Any) -> dict[str, Any]:
    return {"type": "tool_result", "tool_use_id": call_id, "content": content, **more}


def text(words: str, **more: Any) -> dict[str, Any]:
    return {"type": "text", "text": words, **more}


def history() -> list[dict[str, Any]]:
    picture = {"type": "base64", "media_type": "image/png", "data": PNG}
    user: list[list[dict[str, Any]]] = [
        [
            text("<system-reminder>\nAnswer in English.\n</system-reminder>"),
            text("Fix the points at junction 7. " + "Mind the gap. " * 500),
            {"type": "image", "source": picture, "cache_control": EPHEMERAL},
            text("This is what it looks like.", cache_control=HOUR),
        ],
        [
            result("toolu_01", "1\tdef main():\n2\t    pass\n", is_error=False),
            result("toolu_02", "No such file", is_error=True, cache_control=EPHEMERAL),
        ],
        [
            result("toolu_03", [text("a"), text("b", cache_control=EPHEMERAL)]),
            text("<system-reminder>Keep at it.</system-reminder>", cache_control=EPHEMERAL),
        ],
    ]
    assistant: list[list[dict[str, Any]]] = [
        [
            thinking(1),
            text("I will look at two files."),
            use("toolu_01", "Read", path="/junction/7.py", limit=0),
            use("toolu_02", "Read", path="/junction/ü.py", nested={"deep": [1.5, None, False]}),
        ],
        [
            thinking(2),
            {"type": "redacted_thinking", "data": "EmwKAhgBEgy"},
            {**use("toolu_03", "Bash", path="ls"), "cache_control": EPHEMERAL},
        ],
    ]
    turns = []
    for said, did in zip(user, [*assistant, None], strict=True):
        turns.append({"role": "user", "content": said})
        if did is not None:
            turns.append({"role": "assistant", "content": did})
    return turns


def body(model: str, *, stream: bool) -> dict[str, Any]:
    return {
        "model": model,
        "max_tokens": 32000,
        "stream": stream,
        "temperature": 1,
        "system": [
            text("You are a coding agent.", cache_control=EPHEMERAL),
            text("Rules of the house.\n" * 500, cache_control=HOUR),
        ],
        "messages": history(),
        "tools": [
            *(tool(name, number) for number, name in enumerate(NAMES)),
            {**tool("NotebookEdit", 99), "cache_control": EPHEMERAL, "strict": True},
            {**tool("mcp__rails__switch", 98), "eager_input_streaming": True},
        ],
        "tool_choice": {"type": "auto", "disable_parallel_tool_use": False},
        "metadata": {"user_id": "user_0123_account__session_4567"},
        "thinking": {"type": "enabled", "budget_tokens": 16384},
        "output_config": {"effort": "high"},
        "context_management": {"edits": [{"type": "clear_thinking_20251015", "keep": "all"}]},
        "service_tier": "auto",
    }


def function(name: str, number: int) -> dict[str, Any]:
    """The same tool as OpenAI describes it."""
    described = tool(name, number)
    return {
        "name": name,
        "description": described["description"],
        "parameters": described["input_schema"],
        "strict": False,
    }


def chat(model: str, *, stream: bool) -> dict[str, Any]:
    """As editors with an agent inside send it to `/v1/chat/completions`."""
    call = {"name": "Read", "arguments": '{"path": "/junction/7.py", "limit": 0}'}
    picture = {"url": f"data:image/png;base64,{PNG}", "detail": "high"}
    return {
        "model": model,
        "stream": stream,
        **({"stream_options": {"include_usage": True}} if stream else {}),
        "max_completion_tokens": 32000,
        "top_p": 0.9,
        "stop": ["</stop>"],
        "seed": 7,
        "presence_penalty": 0.5,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "user": "user_0123",
        "prompt_cache_key": "session_4567",
        "verbosity": "low",
        "metadata": {"editor": "ed"},
        "messages": [
            {"role": "system", "content": "You are a coding agent.", "name": "house"},
            {"role": "developer", "content": [text("Rules of the house.\n" * 500)]},
            {
                "role": "user",
                "content": [
                    text("Fix the points at junction 7. ü\u2028", cache_control=EPHEMERAL),
                    {"type": "image_url", "image_url": picture},
                ],
            },
            {
                "role": "assistant",
                "content": "I will look.",
                "reasoning_content": "Thought 1.",
                "tool_calls": [{"id": "call_1", "type": "function", "function": call}],
            },
            {"role": "tool", "tool_call_id": "call_1", "content": "1\tdef main():"},
            {"role": "user", "content": "Go on."},
        ],
        "tools": [
            {"type": "function", "function": function(name, number)}
            for number, name in enumerate(NAMES)
        ],
    }


def responses(model: str, *, stream: bool) -> dict[str, Any]:
    """As terminal agents send it to `/v1/responses`, keeping the conversation themselves."""
    return {
        "model": model,
        "stream": stream,
        "store": False,
        "instructions": "You are a coding agent. " + "Rules of the house.\n" * 500,
        "include": ["reasoning.encrypted_content"],
        "reasoning": {"effort": "high", "summary": "auto"},
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "prompt_cache_key": "session_4567",
        "max_output_tokens": 32000,
        "client_metadata": {"installation": "x-1"},
        "text": {"verbosity": "low"},
        "input": [
            {
                "type": "message",
                "role": "developer",
                "content": [{"type": "input_text", "text": "<permissions>sandbox</permissions>"}],
            },
            {
                "type": "message",
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "Fix the points at junction 7. ü\u2028"},
                    {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}"},
                ],
            },
            {
                "type": "reasoning",
                "id": "rs_1",
                "summary": [{"type": "summary_text", "text": "Thought 1."}],
                "encrypted_content": "gAAAA-of-another-server",
            },
            {
                "type": "function_call",
                "id": "fc_1",
                "status": "completed",
                "call_id": "call_1",
                "name": "Read",
                "arguments": '{"path": "/junction/7.py", "limit": 0}',
            },
            {"type": "function_call_output", "call_id": "call_1", "output": "1\tdef main():"},
            {
                "type": "message",
                "id": "msg_1",
                "status": "completed",
                "role": "assistant",
                "content": [{"type": "output_text", "text": "I looked.", "annotations": []}],
            },
            {"type": "message", "role": "user", "content": "Go on."},
        ],
        "tools": [{"type": "function", **function(n, i)} for i, n in enumerate(NAMES)],
    }
