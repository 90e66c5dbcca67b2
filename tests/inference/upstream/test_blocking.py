"""One request by httpx from code without an event loop."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from inference.upstream import ConnectFailed, ResponseTooLarge, UpstreamError
from inference.upstream.blocking import exchange
from tests.support.upstream import Cut, Hang, Json, Upstream


def ask(base_url: str, path: str = "/models", method: str = "GET", **more: Any) -> httpx.Response:
    options = {"connect_timeout": 5.0, "patience": 5.0, "limit": 1000, **more}
    return exchange(base_url, method, path, **options)


def test_a_request_below_the_base_url() -> None:
    with Upstream(Json({"data": [1]}, headers={"x-seen": "yes"})) as upstream:
        answer = ask(
            upstream.base_url, "/a/b?limit=1", "POST", headers={"x-own": "1"}, body=b'{"n": 1}'
        )
    assert (answer.status_code, answer.json()) == (200, {"data": [1]})
    assert answer.headers["x-seen"] == "yes"
    (asked,) = upstream.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/v1/a/b?limit=1", {"n": 1})
    assert asked.headers["x-own"] == "1"


def test_a_unix_socket(tmp_path: Path) -> None:
    path = tmp_path / "u.sock"
    with Upstream(Json({"ok": True}), uds=path):
        assert ask(f"http+unix://{quote(str(path), safe='')}/v1").json() == {"ok": True}


def test_a_redirect_is_an_answer_like_another() -> None:
    """Following it would take the headers, a key among them, to wherever it points."""
    with Upstream(Json({}, 302, {"location": "http://127.0.0.1:9/"})) as upstream:
        assert ask(upstream.base_url).status_code == 302
    assert len(upstream.asked) == 1


def test_a_coding_nobody_asked_for_is_not_undone() -> None:
    with Upstream(Json(b"not gzip", headers={"content-encoding": "gzip"})) as upstream:
        assert ask(upstream.base_url).content == b"not gzip"


def test_an_answer_beyond_the_limit() -> None:
    with Upstream(Json(b"x" * 1001)) as upstream, pytest.raises(ResponseTooLarge):
        ask(upstream.base_url)


def test_patience_covers_everything() -> None:
    began = time.monotonic()
    with Upstream(Hang()) as upstream, pytest.raises(TimeoutError):
        ask(upstream.base_url, patience=0.1)
    assert time.monotonic() - began < 4


def test_a_failure_is_the_clients_own_and_names_its_cause() -> None:
    with Upstream(Cut()) as upstream:
        with pytest.raises(UpstreamError) as cut:
            ask(upstream.base_url)
        address = upstream.base_url
    assert cut.value.cause == "closed without a response"
    with pytest.raises(ConnectFailed) as refused:
        ask(address)
    assert refused.value.cause == "connection refused"


def test_a_bad_base_url() -> None:
    with pytest.raises(ValueError, match="must start with"):
        ask("ftp://example.com/v1")


async def test_in_a_thread_that_runs_a_loop() -> None:
    """As that of a browser's driver does, which calls synchronous code."""
    with Upstream(Json({"ok": True})) as upstream:
        assert ask(upstream.base_url).json() == {"ok": True}
