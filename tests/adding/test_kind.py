"""Adding a provider kind is adding one file: a toy one that fetches a token and signs with it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from governance import services, snapshot
from governance.kinds import KINDS
from governance.models import Provider
from inference.upstream.backend import backend_of
from tests.inference.tables import HEADERS, rebuilt, virtual_keys
from tests.support import openai_shapes as shapes
from tests.support.serving import served
from tests.support.upstream import Json, Upstream

TOY = '''
"""A toy cloud."""

import json
from dataclasses import dataclass, replace

from governance.kinds.auth import SignableRequest, Token, TokenRefused
from governance.kinds.kind import ProviderKind


@dataclass(frozen=True)
class ToyAuth:
    fixed: bool = False

    def token_request(self, credentials, now):
        body = json.dumps({"key": credentials.api_key}).encode()
        headers = (("content-type", "application/json"),)
        return SignableRequest("POST", credentials.base_url + "/token", headers, body)

    def token_of(self, reply, now):
        if reply.status != 200:
            raise TokenRefused("The toy gives no token.")
        return Token(json.loads(reply.body)["token"], now + 3600)

    def sign(self, request, credentials, token, now):
        signed = ("x-toy-token", token.value), ("x-toy-method", request.method)
        return replace(request, headers=(*request.headers, *signed))


KIND = ProviderKind(
    name="toy", label="Toy", help="A toy.", protocol="openai", auth=ToyAuth(), most_concurrent=3
)
'''


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "toy_kinds").mkdir()
    (tmp_path / "toy_kinds" / "__init__.py").touch()
    (tmp_path / "toy_kinds" / "toy.py").write_text(TOY)
    monkeypatch.syspath_prepend(tmp_path)
    assert [kind.name for kind in KINDS.discover("toy_kinds")] == ["toy"]
    yield
    KINDS.unregister("toy")
    backend_of.cache_clear()
    for name in ("toy_kinds", "toy_kinds.toy"):
        sys.modules.pop(name)


@pytest.mark.django_db
def test_a_file_is_enough(toy: None) -> None:
    """It is offered, saved, routed to and spoken to; its token is fetched once for two requests."""
    assert ("toy", "Toy") in list(Provider._meta.get_field("kind").choices or ())
    with Upstream(Json({"token": "t-1"}), Json(shapes.completion("hello"))) as upstream:
        provider = {"name": "cloud", "kind": "toy", "base_url": upstream.base_url}
        services.save_provider({**provider, "api_key": "secret-key"}, who="ann")
        target = {"provider": "cloud", "model": "m"}
        profile = {"id": "light", "name": "L", "virtual_provider": "light", "targets": [target]}
        services.save_profile(profile, who="ann")
        table = rebuilt(snapshot.refresh(), virtual_keys=virtual_keys())
        body = {"model": "light/x", "messages": [{"role": "user", "content": "hi"}]}
        with served(table) as gateway:
            answers = [
                httpx.post(f"{gateway.url}/v1/chat/completions", json=body, headers=HEADERS)
                for _ in range(2)
            ]
    assert [one.json()["choices"][0]["message"]["content"] for one in answers] == ["hello"] * 2
    assert [one.path for one in upstream.asked] == ["/v1/token", *["/v1/chat/completions"] * 2]
    assert upstream.asked[0].body == {"key": "secret-key"}
    for asked in upstream.asked[1:]:
        assert asked.headers["x-toy-token"] == "t-1"
        assert asked.headers["x-toy-method"] == "POST"
        assert "authorization" not in asked.headers


@pytest.mark.django_db
def test_without_a_token_nothing_is_sent_and_the_next_target_answers(toy: None) -> None:
    with (
        Upstream(Json({"error": "no"}, status=403)) as refusing,
        Upstream(Json(shapes.completion("second"))) as other,
    ):
        for name, kind, place in (("cloud", "toy", refusing), ("b", "openai", other)):
            provider = {"name": name, "kind": kind, "base_url": place.base_url, "is_local": True}
            services.save_provider(provider, who="ann")
        targets = [{"provider": "cloud", "model": "m"}, {"provider": "b", "model": "m"}]
        profile = {"id": "light", "name": "L", "virtual_provider": "light", "targets": targets}
        services.save_profile(profile, who="ann")
        table = rebuilt(snapshot.refresh(), virtual_keys=virtual_keys())
        body = {"model": "light/x", "messages": [{"role": "user", "content": "hi"}]}
        with served(table) as gateway:
            url = f"{gateway.url}/v1/chat/completions"
            answer = httpx.post(url, json=body, headers=HEADERS)
    assert answer.json()["choices"][0]["message"]["content"] == "second"
    assert [one.path for one in refusing.asked] == ["/v1/token"]
