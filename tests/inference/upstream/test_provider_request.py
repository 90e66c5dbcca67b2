"""A question to a provider from synchronous code: signed as requests are, told by httpx."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from governance.kinds import KINDS
from governance.kinds.auth import Credentials, SignableRequest, Token, TokenRefused, TokenReply
from inference.upstream.backend import Backend, backend_of
from inference.upstream.provider_request import ask
from inference.upstream.tokens import TokenUnavailable
from tests.inference.tables import provider
from tests.support.upstream import Json, Upstream


@dataclass(frozen=True)
class ToyAuth:
    fixed: bool = False

    def token_request(self, credentials: Credentials, now: float) -> SignableRequest | None:
        return SignableRequest("POST", f"{credentials.base_url}/token")

    def token_of(self, reply: TokenReply, now: float) -> Token:
        if reply.status != 200:
            raise TokenRefused("No token today.")
        return Token(json.loads(reply.body)["token"], now + 3600)

    def sign(
        self, request: SignableRequest, credentials: Credentials, token: Token | None, now: float
    ) -> SignableRequest:
        assert token is not None
        signed = ("x-token", token.value), ("x-signed", f"{request.method} {request.url}")
        return replace(request, headers=(*request.headers, *signed))


@pytest.fixture
def toy() -> Iterator[None]:
    KINDS.register(replace(KINDS["openai"], name="toy", auth=ToyAuth(), formerly=""))
    yield
    KINDS.unregister("toy")
    backend_of.cache_clear()


def backend(base_url: str, kind: str = "openai") -> Backend:
    return backend_of(provider("up", base_url, kind=kind, api_key="sk-of-the-provider"))


def test_a_key_in_a_header() -> None:
    with Upstream(Json({"data": []})) as upstream:
        made = backend(upstream.base_url)
        answer = ask(made, "GET", "/models", connect_timeout=5, patience=5, limit=1000)
    assert answer.json() == {"data": []}
    (asked,) = upstream.asked
    assert asked.path == "/v1/models"
    assert asked.headers["authorization"] == "Bearer sk-of-the-provider"
    assert asked.headers["user-agent"] == "pointsman"
    assert asked.headers["accept-encoding"] == "identity"


def test_a_token_and_a_signature(toy: None) -> None:
    """What is signed is what is sent; the token is kept out of what anyone is shown."""
    with Upstream(Json({"token": "token-of-today"}), Json({"ok": 1})) as upstream:
        made = backend(upstream.base_url, "toy")
        ask(made, "POST", "/a?b=%20", b"{}", connect_timeout=5, patience=5, limit=1000)
    sent = upstream.asked[1]
    assert sent.headers["x-token"] == "token-of-today"
    assert sent.headers["x-signed"] == f"{sent.method} {upstream.base_url}/a?b=%20"
    assert sent.path == "/v1/a?b=%20"
    assert made.redacted(b"token-of-today") == b"[redacted]"


def test_without_a_token_the_provider_is_not_asked(toy: None) -> None:
    with Upstream(Json({}, 403)) as upstream:
        made = backend(upstream.base_url, "toy")
        with pytest.raises(TokenUnavailable, match="No token today"):
            ask(made, "GET", "/models", connect_timeout=5, patience=5, limit=1000)
    assert [one.path for one in upstream.asked] == ["/v1/token"]
