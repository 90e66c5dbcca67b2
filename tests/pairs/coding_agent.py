"""A request as coding agents send it to `/v1/messages?beta=true`: everything at once, and big."""

from __future__ import annotations

from typing import Any

from tests.inference.tables import KEY
from tests.pairs.anthropic_script import SIGNATURE
from tests.pairs.talk import PNG

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
