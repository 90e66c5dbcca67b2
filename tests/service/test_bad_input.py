"""Bad input gets a 4xx in the caller's protocol that names the field and the rule."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.inference.tables import HEADERS, chain, provider
from tests.support import openai_shapes as shapes
from tests.support.serving import Served, served
from tests.support.upstream import Json, Upstream


@pytest.fixture(scope="module")
def gateway() -> Iterator[Served]:
    with Upstream(Json(shapes.completion())) as upstream:
        with served(chain(provider("one", upstream))) as gateway:
            yield gateway
        assert not upstream.asked


USER = b'"messages":[{"role":"user","content":"x"}]'

BAD: dict[str, tuple[bytes, str | None, str]] = {
    "empty": (b"", None, "not valid JSON"),
    "not JSON": (b"{nope", None, "not valid JSON"),
    "an array": (b"[]", None, "JSON object"),
    "invalid UTF-8": (b'{"model":"\xff",' + USER + b"}", None, "UTF-8"),
    "too deep": (b'{"a":' + b"[" * 100_000, None, "64 levels"),
    "no messages": (b'{"model":"light/light"}', "messages", "required"),
    "empty messages": (b'{"messages":[]}', "messages", "at least one"),
    "messages of a wrong type": (b'{"messages":"x"}', "messages", "array"),
    "a message without a role": (b'{"messages":[{}]}', "messages[0].role", "required"),
    "content of a wrong type": (
        b'{"messages":[{"role":"user","content":5}]}',
        "messages[0].content",
        "string",
    ),
    "model of a wrong type": (b'{"model":5,' + USER + b"}", "model", "string"),
    "stream of a wrong type": (b'{"stream":"yes",' + USER + b"}", "stream", "true or false"),
    "temperature of a wrong type": (b'{"temperature":"hot",' + USER + b"}", "temperature", "num"),
    "stop of a wrong type": (b'{"stop":[1],' + USER + b"}", "stop[0]", "string"),
    "hint of a wrong type": (b'{"routing_profile":5,' + USER + b"}", "routing_profile", "string"),
    "an unknown hint": (
        b'{"model":"light/light","routing_profile":"nope",' + USER + b"}",
        "routing_profile",
        "light",
    ),
}


@pytest.mark.parametrize(("body", "field", "words"), BAD.values(), ids=BAD.keys())
def test_bad_bodies(gateway: Served, body: bytes, field: str | None, words: str) -> None:
    answer = httpx.post(f"{gateway.url}/v1/chat/completions", content=body, headers=HEADERS)
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error["type"] == "invalid_request_error"
    assert error["param"] == field
    assert words in error["message"]
    assert "Traceback" not in answer.text


def test_a_body_over_the_limit(gateway: Served) -> None:
    """33 MiB are refused, and the refusal arrives although the body was being sent."""
    answer = httpx.post(
        f"{gateway.url}/v1/chat/completions",
        content=b" " * (33 * 1024 * 1024),
        headers=HEADERS,
        timeout=30,
    )
    assert answer.status_code == 413
    assert "32 MiB" in answer.json()["error"]["message"]


def test_no_key_and_a_wrong_key(gateway: Served) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"x-api-key": "wrong"}):
        answer = httpx.post(f"{gateway.url}/v1/chat/completions", json={}, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["error"]["type"] == "authentication_error"


def test_wrong_method_and_unknown_path(gateway: Served) -> None:
    assert httpx.get(f"{gateway.url}/v1/chat/completions", headers=HEADERS).status_code == 405
    answer = httpx.post(f"{gateway.url}/v1/nope", json={}, headers=HEADERS)
    assert answer.status_code == 404
    assert "/v1/chat/completions" in answer.json()["error"]["message"]


def test_an_insane_request_id_is_replaced(gateway: Served) -> None:
    """A sane one is kept; one that could forge a header or a log line is not."""
    url = f"{gateway.url}/v1/models"
    sane = httpx.get(url, headers={**HEADERS, "x-request-id": "abc-123"})
    wild = httpx.get(url, headers={**HEADERS, "x-request-id": "a b;c" * 50})
    assert sane.headers["x-request-id"] == "abc-123"
    assert wild.headers["x-request-id"].startswith("req_")
