"""The code the playground writes, run as a reader would run it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest

from gateway.console.playground.snippets import snippets
from tests.inference.tables import KEY, chain, provider
from tests.support import openai_shapes as shapes
from tests.support.serving import served
from tests.support.upstream import Json, Sse, Upstream

TRICKY = 'It\'s "$HOME" `id` \\n €\nJSON\n\U0001f600'
TOOL = {"name": "f", "description": "d", "parameters": {"type": "object", "properties": {}}}
OPENAI: dict[str, Any] = {
    "messages": [{"role": "user", "content": TRICKY}],
    "model": "light/x",
    "temperature": 0,
    "tools": [{"type": "function", "function": TOOL}],
    "routing_profile": "light",
    "own_field": {"deep": [None, True, 1.5]},
}
ANTHROPIC: dict[str, Any] = {
    "max_tokens": 9,
    "model": "light/x",
    "system": "Be kind.",
    "messages": [{"role": "user", "content": [{"type": "text", "text": TRICKY}]}],
    "routing_profile": "light",
}


def run(kind: str, path: str, body: dict[str, Any], upstream: Upstream) -> tuple[str, Any]:
    """What the code prints, and what the upstream was asked."""
    with served(chain(provider("a", upstream))) as service:
        code = snippets(path, body, service.url)[kind]
        assert KEY not in code
        command = ["sh", "-c", code] if kind == "curl" else [sys.executable, "-c", code]
        done = subprocess.run(
            command,
            env={**os.environ, "POINTSMAN_API_KEY": KEY},
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    return done.stdout, upstream.asked[0].body


@pytest.mark.parametrize("kind", ["curl", "python"])
@pytest.mark.parametrize("stream", [True, False])
def test_openai(kind: str, stream: bool) -> None:
    reply = Sse(shapes.stream("fi", "ne")) if stream else Json(shapes.completion("fine"))
    body = {**OPENAI, "stream": True} if stream else OPENAI
    with Upstream(reply) as upstream:
        printed, asked = run(kind, "/v1/chat/completions", body, upstream)
    assert '"fi"' in printed or "fine" in printed
    assert asked["messages"] == OPENAI["messages"]
    assert asked["temperature"] == 0
    assert asked["tools"] == OPENAI["tools"]
    assert asked["own_field"] == OPENAI["own_field"]
    assert "routing_profile" not in asked


@pytest.mark.parametrize("kind", ["curl", "python"])
@pytest.mark.parametrize("stream", [True, False])
def test_anthropic(kind: str, stream: bool) -> None:
    reply = Sse(shapes.stream("fi", "ne")) if stream else Json(shapes.completion("fine"))
    body = {**ANTHROPIC, "stream": True} if stream else ANTHROPIC
    with Upstream(reply) as upstream:
        printed, asked = run(kind, "/v1/messages", body, upstream)
    assert '"fi"' in printed or "fine" in printed
    assert asked["messages"][0] == {"role": "system", "content": "Be kind."}
    assert asked["messages"][1]["content"] == TRICKY


def test_a_request_without_a_model_names_auto_to_the_sdk() -> None:
    code = snippets("/v1/chat/completions", {"messages": []}, "http://h")["python"]
    assert "model='auto'" in code
