"""The chat API under Daphne, the server of the design card: streams, errors, cancellation."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest

from tests.service.operator import Operator
from tests.support import openai_shapes as shapes
from tests.support.installation import ROOT, environment, manage
from tests.support.migrated import migrated
from tests.support.timing import is_quick
from tests.support.upstream import Json, Sse, Upstream


@pytest.fixture(scope="module")
def daphne(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    data_dir: Path = tmp_path_factory.mktemp("daphne")
    migrated(data_dir)
    scopes = "inference,governance:read,governance:write"
    key = manage(data_dir, "create_api_key", "tests", "--scopes", scopes).stdout.strip()
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "daphne", "-v", "0", "-p", str(port), "gateway.asgi:application"],
        cwd=ROOT,
        env=environment(data_dir),
    )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + 30
    while True:
        try:
            httpx.get(f"{url}/livez", timeout=1)
            break
        except httpx.HTTPError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
    yield Operator(url, key)
    process.terminate()
    process.wait(10)


def model_of(operator: Operator, upstream: Upstream) -> str:
    """Known at once: the process that saves a change has it in force before it answers."""
    name = operator.provider(upstream)
    profile = operator.profile({"provider": name, "model": "m"}, local_fallback="never")
    return f"{profile['virtual_provider']}/m"


def test_whole_and_streamed(daphne: Operator) -> None:
    with Upstream(Json(shapes.completion("whole")), Sse(shapes.stream("str", "eam"))) as upstream:
        model = model_of(daphne, upstream)
        sdk = openai.OpenAI(base_url=f"{daphne.url}/v1", api_key=daphne.key)
        messages = [{"role": "user", "content": "hi"}]
        whole = sdk.chat.completions.create(model=model, messages=messages)
        stream = sdk.chat.completions.create(model=model, messages=messages, stream=True)
        text = "".join(c.choices[0].delta.content or "" for c in stream if c.choices)
    assert (whole.choices[0].message.content, text) == ("whole", "stream")


def test_a_broken_stream_ends_in_an_error(daphne: Operator) -> None:
    with Upstream(Sse(shapes.stream("x")[:2], then="cut")) as upstream:
        answer = daphne.ask(model_of(daphne, upstream), stream=True)
    assert '"error"' in answer.text
    assert "[DONE]" not in answer.text


def test_leaving_reaches_the_upstream_within_200_ms(daphne: Operator) -> None:
    endless = Sse(shapes.stream(*["x"] * 500)[:400], pause=0.02)

    def seconds() -> float:
        body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "x"}]}
        with httpx.stream(
            "POST", f"{daphne.url}/v1/chat/completions", json=body, headers=daphne.headers
        ) as answer:
            next(answer.iter_raw())
        left = time.monotonic()
        while upstream.asked[-1].left_at is None and time.monotonic() < left + 5:
            time.sleep(0.005)
        assert upstream.asked[-1].left_at is not None
        return upstream.asked[-1].left_at - left

    with Upstream(endless) as upstream:
        model = model_of(daphne, upstream)
        assert is_quick(seconds, 0.2)


def test_a_large_body(daphne: Operator) -> None:
    """Daphne hands bodies on in pieces of 8 KiB; 8 MiB arrive whole, 33 MiB are refused."""
    with Upstream(Json(shapes.completion())) as upstream:
        model = model_of(daphne, upstream)
        text = "ü" * (4 * 1024 * 1024)
        assert daphne.ask(model, messages=[{"role": "user", "content": text}]).status_code == 200
        assert upstream.asked[0].body["messages"][0]["content"] == text
        large = daphne.ask(model, messages=[{"role": "user", "content": "x" * 33 * 1024 * 1024}])
    assert large.status_code == 413
