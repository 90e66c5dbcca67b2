"""The edge over real sockets: codings, methods, paths, cross-origin requests, list headers."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from typing import Any

import brotli
import httpx
import pytest

from gateway.server.cors import shared
from gateway.server.v1 import PATHS
from inference.content_coding import ACCEPTED
from inference.edge.asgi import Receive, Scope, Send
from inference.edge.unknown import meant, misdirected
from tests.inference.edge.asgi_caller import AsgiCaller
from tests.inference.tables import KEY, chain, provider
from tests.service.pairs.world import Provider
from tests.support import anthropic_shapes, openai_shapes
from tests.support.serving import served
from tests.support.upstream import Json, Reply, Sse

BEARER = {"authorization": f"Bearer {KEY}"}
HI = [{"role": "user", "content": "hi"}]
CHAT = {"model": "light/light", "messages": HI}


@pytest.fixture
def upstream() -> Iterator[Provider]:
    with Provider(Json(openai_shapes.completion("fine"))) as made:
        yield made


@pytest.fixture
def gateway(upstream: Provider) -> Iterator[httpx.Client]:
    with served(chain(provider("one", upstream))) as made:
        with httpx.Client(base_url=made.url, headers=BEARER, trust_env=False) as client:
            yield client


class TestCodingsOfRequests:
    def test_it_works(self, gateway: httpx.Client, upstream: Provider) -> None:
        body = httpx.Request("POST", "http://x", json=CHAT).content
        for coding, packed in (("gzip", gzip.compress(body)), ("deflate", zlib.compress(body))):
            told = {"content-encoding": coding}
            answer = gateway.post("/v1/chat/completions", content=packed, headers=told)
            assert answer.status_code == 200
            assert upstream.asked[-1].body["messages"] == HI
            assert "content-encoding" not in upstream.asked[-1].headers

    @pytest.mark.parametrize(
        "path", ["/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1/embeddings"]
    )
    def test_what_cannot_be_read(self, gateway: httpx.Client, path: str) -> None:
        broken = gateway.post(path, content=b"garbage", headers={"content-encoding": "gzip"})
        assert broken.status_code == 400
        assert "gzip" in broken.json()["error"]["message"]
        unknown = gateway.post(path, content=b"garbage", headers={"content-encoding": "snappy"})
        assert unknown.status_code == 415
        assert unknown.headers["accept-encoding"] == ACCEPTED
        assert "snappy" in unknown.json()["error"]["message"]

    def test_the_limit_counts_what_comes_out(self, gateway: httpx.Client) -> None:
        bomb = gzip.compress(bytes(33 << 20))
        told = {"content-encoding": "gzip"}
        answer = gateway.post("/v1/chat/completions", content=bomb, headers=told)
        assert answer.status_code == 413


PACK = {"gzip": gzip.compress, "deflate": zlib.compress, "br": brotli.compress}


@pytest.mark.parametrize("coding", PACK)
class TestCodingsOfAnswers:
    def test_a_stream(self, gateway: httpx.Client, upstream: Provider, coding: str) -> None:
        plain = b"".join(openai_shapes.stream("one ", "two"))
        packed = PACK[coding](plain)
        pieces = [packed[place : place + 5] for place in range(0, len(packed), 5)]
        upstream.script(Sse(pieces, headers={"content-encoding": coding}))
        answer = gateway.post("/v1/chat/completions", json={**CHAT, "stream": True})
        assert '"one "' in answer.text
        assert answer.text.endswith("data: [DONE]\n\n")
        assert "content-encoding" not in answer.headers

    def test_a_cut_one_is_no_answer(
        self, gateway: httpx.Client, upstream: Provider, coding: str
    ) -> None:
        packed = PACK[coding](b'{"choices": []}' + b" " * 99)
        upstream.script(Json(packed[:-4], headers={"content-encoding": coding}))
        answer = gateway.post("/v1/chat/completions", json=CHAT)
        assert answer.status_code == 502
        assert answer.json()["error"]["code"] == "broken_content_encoding"

    def test_a_refusal(self, gateway: httpx.Client, upstream: Provider, coding: str) -> None:
        said = PACK[coding](b'{"error": {"message": "bad schema", "type": "x"}}')
        upstream.script(Json(said, 400, headers={"content-encoding": coding}))
        answer = gateway.post("/v1/chat/completions", json=CHAT)
        assert answer.status_code == 400
        assert "bad schema" in answer.text


LATIN = '{"choices": [{"index": 0, "message": {"content": "caf\xe9"}}]}'.encode("latin-1")
LATIN_CHUNK = b'data: {"choices": [{"index": 0, "delta": {"content": "caf\xe9"}}]}\n\n'


@pytest.mark.parametrize(
    ("reply", "stream"), [(Json(LATIN), False), (Sse([LATIN_CHUNK]), True)], ids=["whole", "stream"]
)
def test_bytes_that_are_no_text_never_leave(
    gateway: httpx.Client, upstream: Provider, reply: Reply, stream: bool
) -> None:
    upstream.script(reply)
    answer = gateway.post("/v1/chat/completions", json={**CHAT, "stream": stream})
    assert answer.status_code == 502
    assert answer.json()["error"]["code"] == "invalid_utf8"


def test_an_unknown_coding_of_an_answer_is_named(gateway: httpx.Client, upstream: Provider) -> None:
    upstream.script(Json(b"x", headers={"content-encoding": "snappy"}))
    answer = gateway.post("/v1/chat/completions", json=CHAT)
    assert answer.json()["error"]["code"] == "unsupported_content_encoding"


READ = ("/v1/models", "/v1/key")
"""Paths that are only read."""
MADE = ("/v1/files", "/v1/batches", "/v1/messages/batches")
"""Paths of what is made by POST, and listed."""


class TestMethods:
    @pytest.mark.parametrize("path", [one for one in PATHS if one not in READ + MADE])
    def test_post_only(self, gateway: httpx.Client, path: str) -> None:
        for method in ("GET", "PUT", "DELETE", "PATCH", "HEAD"):
            answer = gateway.request(method, path)
            assert answer.status_code == 405
            assert answer.headers["allow"] == "POST, OPTIONS"

    @pytest.mark.parametrize("path", MADE)
    def test_lists_are_read_and_added_to(self, gateway: httpx.Client, path: str) -> None:
        for method in ("PUT", "DELETE", "PATCH", "HEAD"):
            answer = gateway.request(method, path)
            assert answer.status_code == 405
            assert answer.headers["allow"] == "GET, POST, OPTIONS"
        assert gateway.get(path).json()["data"] == []

    def test_the_list_of_models(self, gateway: httpx.Client) -> None:
        assert gateway.post("/v1/models").headers["allow"] == "GET, HEAD, OPTIONS"
        head = gateway.head("/v1/models")
        assert (head.status_code, head.content) == (200, b"")

    @pytest.mark.parametrize("path", PATHS)
    def test_options_need_no_key(self, gateway: httpx.Client, path: str) -> None:
        answer = gateway.options(path, headers={"authorization": ""})
        assert answer.status_code == 204
        assert "OPTIONS" in answer.headers["allow"]
        assert "access-control-allow-origin" not in answer.headers


def test_codex_asks_for_its_own_list(gateway: httpx.Client) -> None:
    listed = gateway.get("/v1/models", params={"client_version": "0.155.0"}).json()
    assert listed["models"] == []
    assert listed["data"]
    assert "models" not in gateway.get("/v1/models").json()


class TestPaths:
    @pytest.mark.parametrize(
        ("path", "guess"),
        [
            ("/chat/completions", "/v1/chat/completions"),
            ("/v1/v1/chat/completions", "/v1/chat/completions"),
            ("/v1/v1/messages/", "/v1/messages"),
            ("/openai/v1/responses", "/v1/responses"),
            ("//v1/embeddings", "/v1/embeddings"),
            ("/v1/chat/completion", "/v1/chat/completions"),
            ("/v1/message", "/v1/messages"),
            ("/messages/count_tokens", "/v1/messages/count_tokens"),
            ("/v1/nothing/like/it", None),
        ],
    )
    def test_what_was_meant(self, path: str, guess: str | None) -> None:
        assert meant(path, PATHS) == guess

    def test_paths_without_the_version(self) -> None:
        assert misdirected("/messages/", PATHS)
        assert misdirected("/v1", PATHS)
        for other in ("/", "/admin/", "/api/governance/providers", "/metrics", "/static/models"):
            assert not misdirected(other, PATHS)

    def test_every_path_is_listed(self, gateway: httpx.Client) -> None:
        for path in ("/v1/nothing", "/v1/v1/messages", "/chat/completions"):
            answer = gateway.post(path, json={})
            assert answer.status_code == 404
            message = answer.json()["error"]["message"]
            assert all(known in message for known in PATHS)
        assert gateway.post("/v1/v1/messages", json={}).json()["type"] == "error"


ORIGIN = (b"origin", b"https://app.example")
PREFLIGHT = (b"access-control-request-method", b"POST")


class TestOrigins:
    @staticmethod
    async def call(origins: list[str], *headers: Any, method: str = "POST") -> AsgiCaller:
        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 401, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        caller = AsgiCaller(b"")
        await caller.call(shared(app, origins), *headers, method=method)
        return caller

    async def test_a_preflight(self) -> None:
        asked = (b"access-control-request-headers", b"authorization,x-stainless-os")
        caller = await self.call(
            ["https://app.example"], ORIGIN, PREFLIGHT, asked, method="OPTIONS"
        )
        assert caller.status == 204
        assert caller.headers[b"access-control-allow-origin"] == ORIGIN[1]
        assert caller.headers[b"access-control-allow-headers"] == asked[1]
        assert b"POST" in caller.headers[b"access-control-allow-methods"]

    async def test_answers_and_errors(self) -> None:
        caller = await self.call(["https://app.example"], ORIGIN)
        assert caller.status == 401
        assert caller.headers[b"access-control-allow-origin"] == ORIGIN[1]
        assert caller.headers[b"vary"] == b"Origin"
        caller = await self.call(["*"], ORIGIN)
        assert caller.headers[b"access-control-allow-origin"] == b"*"

    @pytest.mark.parametrize("origins", [[], ["https://other.example"]])
    async def test_closed(self, origins: list[str]) -> None:
        caller = await self.call(origins, ORIGIN, PREFLIGHT, method="OPTIONS")
        assert caller.status == 401
        assert not any(name.startswith(b"access-control") for name in caller.headers)


def test_members_of_lists_are_joined_without_doubles() -> None:
    """The operator's and those of every line of the caller's; other headers stay one value."""
    with Provider(Json(anthropic_shapes.said("fine"))) as upstream:
        row = provider(
            "one", upstream, kind="anthropic", extra_headers=(("anthropic-beta", "op-1,b-1"),)
        )
        with served(chain(row)) as gateway:
            headers = [("authorization", f"Bearer {KEY}"), ("anthropic-beta", "a-1, b-1")]
            headers += [("anthropic-beta", "c-1"), ("anthropic-version", "2023-06-01")]
            body = {**CHAT, "max_tokens": 5}
            with httpx.Client(trust_env=False) as client:
                answer = client.post(f"{gateway.url}/v1/messages", json=body, headers=headers)
    assert answer.status_code == 200
    members = upstream.asked[0].headers["anthropic-beta"].split(", ")
    assert sorted(members) == ["a-1", "b-1", "c-1", "op-1"]
