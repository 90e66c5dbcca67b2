"""A provider of kind `mlx` with an address is an `mlx_lm.server`, and is guarded as one."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest

from tests.inference.local import tiny_model
from tests.inference.tables import HEADERS, KEY, chain, provider
from tests.support import openai_shapes as shapes
from tests.support.serving import served
from tests.support.upstream import Sse, Upstream

HI: Any = [{"role": "user", "content": "hi"}]


def mlx_server(name: str, where: Upstream | str, **more: Any) -> Any:
    return provider(name, where, kind="mlx_server", api_key="", **more)


@pytest.mark.parametrize("stream", [True, False])
def test_only_known_fields_reach_it_and_it_always_streams(stream: bool) -> None:
    with Upstream(Sse(shapes.stream("hello"))) as upstream:
        with served(chain(mlx_server("one", upstream))) as gateway:
            body = {
                "model": "light/light",
                "messages": HI,
                "stream": stream,
                "adapters": "/etc",
                "draft_model": "/etc",
                "user": "me",
                "temperature": 0,
                "stop": ["x"],
            }
            answer = httpx.post(
                f"{gateway.url}/v1/chat/completions", json=body, headers=HEADERS, timeout=10
            )
    assert answer.status_code == 200
    asked = upstream.asked[0].body
    assert set(asked) == {"model", "messages", "stream", "stream_options", "temperature"}
    assert (asked["model"], asked["stream"], asked["temperature"]) == ("default_model", True, 0)
    assert answer.headers["x-pointsman-dropped"] == "adapters, draft_model, user"
    if not stream:
        assert answer.json()["choices"][0]["message"]["content"] == "hello"


@pytest.mark.parametrize("stream", [True, False])
def test_stops_are_matched_on_text_and_end_the_upstream(stream: bool) -> None:
    """A stop string across two chunks is never shown, and the generation behind it is ended."""
    events = shapes.stream("one, t", "wo, th", "ree")[:3]
    with Upstream(Sse(events, then="hang")) as upstream:
        with served(chain(mlx_server("one", upstream))) as gateway:
            sdk = openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=KEY)
            create = sdk.chat.completions.create
            ask: Any = {"model": "light/light", "messages": HI, "stop": "two"}
            if stream:
                chunks = list(create(**ask, stream=True))
                text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
                reason = chunks[-1].choices[0].finish_reason
            else:
                whole = create(**ask)
                text, reason = whole.choices[0].message.content, whole.choices[0].finish_reason
            deadline = time.monotonic() + 2
            while upstream.asked[0].left_at is None and time.monotonic() < deadline:
                time.sleep(0.01)
    assert (text, reason) == ("one, ", "stop")
    assert upstream.asked[0].left_at is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("top_k", 50_000),
        ("top_k", "x"),
        ("min_p", 2),
        ("seed", -1),
        ("top_logprobs", 99),
        ("n", 2),
        ("response_format", {"type": "json_object"}),
    ],
)
def test_what_it_cannot_do_or_would_die_of_is_refused(field: str, value: object) -> None:
    with Upstream(Sse(shapes.stream("x"))) as upstream:
        with served(chain(mlx_server("one", upstream))) as gateway:
            body = {"model": "light/light", "messages": HI, field: value}
            answer = httpx.post(f"{gateway.url}/v1/chat/completions", json=body, headers=HEADERS)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == field
    assert not upstream.asked


class RealServer:
    """mlx_lm.server itself, with the tiny model."""

    def __init__(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as held:
            port = held.getsockname()[1]
        model = ["--port", str(port), "--model", str(tiny_model.PATH)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mlx_lm.server", *model],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "HF_HUB_OFFLINE": "1"},
            cwd=Path(__file__).parent,
        )
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while True:
            try:
                httpx.get(f"{url}/health", timeout=1)
                break
            except httpx.HTTPError:
                assert time.monotonic() < deadline
                time.sleep(0.1)
        self.base_url = f"{url}/v1"

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def real_server() -> Iterator[RealServer]:
    server = RealServer()
    yield server
    server.kill()


def test_kill_9_during_eight_streams(real_server: RealServer) -> None:
    """Each stream ends in an error event, none in `[DONE]`, and the next request is answered."""
    texts: list[str] = []
    endless = {
        "model": "light/light",
        "stream": True,
        "max_tokens": 4000,
        "temperature": 0,
        "messages": [{"role": "user", "content": tiny_model.ENDLESS_PROMPT}],
    }

    def read(url: str) -> None:
        with httpx.stream(
            "POST", f"{url}/v1/chat/completions", json=endless, headers=HEADERS, timeout=60
        ) as answer:
            texts.append("")
            place = len(texts) - 1
            for piece in answer.iter_text():
                texts[place] += piece

    with Upstream(Sse(shapes.stream("still here"))) as spare:
        killed = mlx_server("one", real_server.base_url, first_event_timeout=60.0)
        with served(chain(killed, provider("spare", spare))) as gateway:
            threads = [threading.Thread(target=read, args=(gateway.url,)) for _ in range(8)]
            for thread in threads:
                thread.start()
            deadline = time.monotonic() + 60
            while sum("tick" in text for text in texts) < 8 and time.monotonic() < deadline:
                time.sleep(0.05)
            real_server.kill()
            for thread in threads:
                thread.join(30)
            after = httpx.post(
                f"{gateway.url}/v1/chat/completions", json=endless, headers=HEADERS, timeout=30
            )
    assert len(texts) == 8
    for text in texts:
        assert '"error"' in text
        assert "[DONE]" not in text
    assert "still here" in after.text


@pytest.mark.parametrize("stream", [True, False])
def test_the_real_server(real_server: RealServer, stream: bool) -> None:
    """A real `mlx_lm.server` answers through the gateway, whole and streamed."""
    table = chain(mlx_server("one", real_server.base_url, first_event_timeout=60.0))
    with served(table) as gateway:
        sdk = openai.OpenAI(base_url=f"{gateway.url}/v1", api_key=KEY, timeout=60)
        ask: Any = {
            "model": "light/light",
            "messages": [{"role": "user", "content": tiny_model.PING.prompt}],
            "temperature": 0,
            "max_tokens": 20,
        }
        if stream:
            chunks = list(sdk.chat.completions.create(**ask, stream=True))
            text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
        else:
            text = sdk.chat.completions.create(**ask).choices[0].message.content or ""
    assert text.strip() == tiny_model.PING.answer
