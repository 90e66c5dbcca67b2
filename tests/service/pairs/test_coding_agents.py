"""What coding agents send is passed on whole, or named among what was dropped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.service.pairs import coding_agent
from tests.service.pairs.talk import Answer, Call
from tests.service.pairs.world import HTTP, Translator, World

ANSWER = Answer(
    ("On", " it."), ("Hm",), (Call("toolu_04", "Edit", {"path": "/junction/7.py"}),), "calls"
)


def send(pair: Translator, body: dict[str, Any], query: str = "") -> httpx.Response:
    pair.says(ANSWER, stream=body["stream"])
    url = f"{pair.gateway.url}{pair.caller.path}{query}"
    answer = HTTP.post(url, json=body, headers=coding_agent.HEADERS)
    assert answer.status_code == 200, answer.text
    return answer


def told(answer: httpx.Response) -> set[str]:
    """What the caller is told was dropped."""
    return set(answer.headers["x-pointsman-dropped"].split(", "))


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value of a document with the names that lead to it; places in arrays are left out.

    The arguments of a tool call are a document inside a text.
    """
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "arguments":
                yield from leaves(json.loads(inner), path)
            else:
                yield from leaves(inner, (*path, name))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


def kept(path: tuple[str, ...], value: Any, sent: set[Any], words: str) -> bool:
    """Whether a value is somewhere in what the provider got: as it was, or within a text."""
    name = _RENAMED.get(path[-1], path[-1])
    return (name, value) in sent or (isinstance(value, str) and value in words)


_RENAMED = {"max_completion_tokens": "max_tokens", "max_output_tokens": "max_tokens"}
_BLOCKS = {
    "messages.content.thinking": "messages.thinking",
    "messages.content.signature": "messages.thinking",
    "messages.content.data": "messages.thinking",
    "input.summary.text": "input.reasoning",
    "input.summary.type": "input.reasoning",
    "input.encrypted_content": "input.reasoning",
}
"""Fields of blocks that are dropped as a whole."""


def lost(asked: dict[str, Any], got: dict[str, Any], dropped: set[str]) -> list[str]:
    """What of the request the provider was not told, and the caller was not told of either.

    A dropped name is a path, or a field that may stand anywhere, as `cache_control` may.
    """
    sent = {(path[-1], value) for path, value in leaves(got)}
    words = "\n".join(str(value) for _, value in leaves(got) if isinstance(value, str))
    missing = []
    for path, value in leaves(asked):
        named = {".".join(path[a:b]) for a in range(len(path)) for b in range(a, len(path) + 1)}
        named |= {_BLOCKS.get(".".join(path), "")}
        if value is None or named & dropped or kept(path, value, sent, words):
            continue
        missing.append(f"{'.'.join(path)}={value!r}"[:100])
    return missing


def test_claude_to_anthropic(everyone: World, stream: bool) -> None:
    """Nothing is changed, order included, but the model; betas and version travel."""
    pair = everyone.pair("anthropic", "anthropic")
    body = coding_agent.body(pair.model, stream=stream)
    answer = send(pair, body, "?beta=true")
    [asked] = pair.provider.asked
    assert asked.body == {**body, "model": "anthropic-model"}
    assert list(asked.body) == list(body)
    assert asked.headers["anthropic-beta"] == coding_agent.BETAS
    assert "x-pointsman-dropped" not in answer.headers


def test_chat_to_openai(everyone: World, stream: bool) -> None:
    """Nothing is changed but the model, and a stream is asked for its usage."""
    pair = everyone.pair("openai", "openai")
    body = coding_agent.chat(pair.model, stream=stream)
    answer = send(pair, body)
    assert pair.provider.asked[0].body == {**body, "model": "openai-model"}
    assert "x-pointsman-dropped" not in answer.headers


OTHERWISE = {
    ("anthropic", "openai"): {
        "messages.role",
        # What a block is shows in what it became.
        "system.type",
        "messages.content.type",
        "messages.content.content.type",
        "messages.content.source.type",
        # Said as `reasoning_effort`, and as `parallel_tool_calls`.
        "thinking.type",
        "thinking.budget_tokens",
        "tool_choice.disable_parallel_tool_use",
        # Said in the text of the result.
        "messages.content.is_error",
    },
    ("openai", "anthropic"): {
        # It is false where nothing is said.
        "tools.function.strict",
        # System texts stand apart, results in the user's turn, blocks have names of their own.
        "messages.role",
        "messages.content.type",
        "messages.tool_calls.type",
        "tools.type",
        "messages.content.image_url.url",
        # Said as `tool_choice.disable_parallel_tool_use`; usage is always told.
        "parallel_tool_calls",
        "stream_options.include_usage",
    },
    ("responses", "openai"): {
        "input.type",
        "input.role",
        "input.content.type",
        "tools.type",
    },
    ("responses", "anthropic"): {
        # It is false where nothing is said.
        "tools.strict",
        "input.type",
        "input.role",
        "input.content.type",
        "input.content.image_url",
        "tools.type",
        "parallel_tool_calls",
        "reasoning.effort",
    },
}
"""Fields whose meaning a translation carries in another shape; each has tests of its own."""
OF_ANSWERS = {"input.id", "input.status", "reasoning.summary", "include"}
"""What is about the answer, or about an earlier one, and is heeded in the answer."""

DROPPED = {
    ("anthropic", "openai"): {
        "cache_control",
        "context_management",
        "messages.thinking",
        "tools.eager_input_streaming",
    },
    ("openai", "anthropic"): {
        "image_url.detail",
        "messages.name",
        "messages.reasoning_content",
        "metadata",
        "presence_penalty",
        "prompt_cache_key",
        "seed",
        "verbosity",
    },
    ("responses", "openai"): {
        "client_metadata",
        "input.reasoning",
    },
    ("responses", "anthropic"): {
        "client_metadata",
        "input.reasoning",
        "prompt_cache_key",
        "verbosity",
    },
}
BODIES = {
    "anthropic": coding_agent.body,
    "openai": coding_agent.chat,
    "responses": coding_agent.responses,
}


@pytest.mark.parametrize("between", DROPPED, ids=["->".join(between) for between in DROPPED])
def test_nothing_is_lost_silently(everyone: World, between: tuple[str, str], stream: bool) -> None:
    """Every value of the request is in what the provider got, or under a name that was dropped."""
    pair = everyone.pair(*between)
    body = BODIES[between[0]](pair.model, stream=stream)
    answer = send(pair, body)
    [asked] = pair.provider.asked
    elsewhere = OTHERWISE[between] | OF_ANSWERS | {"model", "stream", "store"}
    missing = lost(body, asked.body, told(answer))
    assert [one for one in missing if one.split("=")[0] not in elsewhere] == []
    assert told(answer) == DROPPED[between]
    assert "anthropic-beta" not in asked.headers or between[1] == "anthropic"
