"""What coding agents send is passed on whole, or named among what was dropped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx

from tests.pairs import coding_agent
from tests.pairs.talk import Answer, Call
from tests.pairs.world import HTTP, Pair, World

ANSWER = Answer(
    ("On", " it."), ("Hm",), (Call("toolu_04", "Edit", {"path": "/junction/7.py"}),), "calls"
)


def send(pair: Pair, body: dict[str, Any], **headers: str) -> httpx.Response:
    pair.says(ANSWER, stream=body["stream"])
    url = f"{pair.gateway.url}/v1/messages?beta=true"
    answer = HTTP.post(url, json=body, headers={**coding_agent.HEADERS, **headers})
    assert answer.status_code == 200, answer.text
    return answer


def leaves(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every value of a document with the names that lead to it; places in arrays are left out.

    The arguments of a tool call are a document inside a text.
    """
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
            if name == "arguments":
                yield from leaves(json.loads(inner), path)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, value


def kept(path: tuple[str, ...], value: Any, sent: set[Any], words: str) -> bool:
    """Whether a value is somewhere in what the provider got: as it was, or within a text."""
    return (path[-1], value) in sent or (isinstance(value, str) and value in words)


_BLOCKS = {
    "messages.content.thinking": "messages.thinking",
    "messages.content.signature": "messages.thinking",
    "messages.content.data": "messages.thinking",
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
        named = {".".join(path[:length]) for length in range(1, len(path) + 1)} | set(path)
        named |= {_BLOCKS.get(".".join(path), "")}
        if value is None or named & dropped or kept(path, value, sent, words):
            continue
        missing.append(f"{'.'.join(path)}={value!r}"[:100])
    return missing


SAID_OTHERWISE = {
    "model",
    "messages.role",
    "tools.type",
    # What a block is shows in what it became.
    "system.type",
    "messages.content.type",
    "messages.content.content.type",
    "messages.content.source.type",
    "thinking.type",
    "tool_choice.disable_parallel_tool_use",
    # Said as `reasoning_effort`.
    "thinking.budget_tokens",
    # Said in the text of the result.
    "messages.content.is_error",
    # As `max_tokens`, and a stream's usage is always asked for.
    "stream",
}
"""Fields whose meaning OpenAI's protocol carries in another shape; each has a test of its own."""


def test_to_anthropic_nothing_is_changed(everyone: World, stream: bool) -> None:
    """Field by field, order included, but for the model; betas and version travel."""
    pair = everyone.pair("anthropic", "anthropic")
    body = coding_agent.body(pair.model, stream=stream)
    answer = send(pair, body)
    [asked] = pair.provider.asked
    assert asked.body == {**body, "model": "anthropic-model"}
    assert list(asked.body) == list(body)
    assert asked.headers["anthropic-beta"] == coding_agent.BETAS
    assert "x-pointsman-dropped" not in answer.headers


def test_to_openai_nothing_is_lost_silently(everyone: World, stream: bool) -> None:
    pair = everyone.pair("anthropic", "openai")
    body = coding_agent.body(pair.model, stream=stream)
    answer = send(pair, body)
    [asked] = pair.provider.asked
    dropped = set(answer.headers["x-pointsman-dropped"].split(", "))
    missing = lost(body, asked.body, dropped)
    assert [one for one in missing if one.split("=")[0] not in SAID_OTHERWISE] == []
    assert dropped == {
        "cache_control",
        "context_management",
        "messages.thinking",
        "tools.eager_input_streaming",
    }
    assert "anthropic-beta" not in asked.headers
