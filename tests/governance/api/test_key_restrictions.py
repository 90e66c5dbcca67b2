"""Keys that are good from some addresses or on some paths alone, and secrets that are rotated."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance import services, snapshot
from governance.authentication import Unauthenticated, authenticate, restricted
from governance.models import ApiKey, Revision
from governance.routing.key_restrictions import from_allowed, on_allowed
from governance.routing.table import VirtualKey
from tests.governance.api.conftest import Api, error_of

KEY = {"name": "k", "scopes": ["inference"]}


def found(secret: str, now: float = 0.0) -> VirtualKey | Unauthenticated:
    headers = {b"x-api-key": secret.encode()}
    return authenticate(headers, snapshot.refresh(), now=now)


def test_it_works(api: Api) -> None:
    allowed = {"addresses": ["10.1.0.0/16", "2001:db8::1"], "endpoints": ["/v1/embeddings"]}
    made = api.post("/keys", {**KEY, **allowed})
    assert made.status_code == 201, made.content
    assert {name: made.json()["key"][name] for name in allowed} == allowed
    key = found(made.json()["secret"])
    assert isinstance(key, VirtualKey)
    assert restricted(key, "10.1.2.3", "/v1/embeddings") is None
    for address, path in (("10.2.0.1", "/v1/embeddings"), ("10.1.2.3", "/v1/messages"), ("", "/")):
        refused = restricted(key, address, path)
        assert refused is not None
        assert refused.status == 403


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"addresses": ["10.0.0.300"]}, "addresses[0]"),
        ({"addresses": ["example.com"]}, "addresses[0]"),
        ({"endpoints": ["/v1/messages", "embeddings"]}, "endpoints[1]"),
    ],
)
def test_what_is_none_is_told(api: Api, changes: dict[str, Any], path: str) -> None:
    assert list(error_of(api.post("/keys", {**KEY, **changes}))["fields"]) == [path]


@given(st.ip_addresses())
def test_addresses(address: Any) -> None:
    text = str(address)
    assert from_allowed((text,), text)
    assert from_allowed(("0.0.0.0/0", "::/0"), text)
    assert not from_allowed((), text)
    if address.version == 4:
        assert from_allowed((text,), f"::ffff:{text}")


def test_paths() -> None:
    assert on_allowed(("/v1/messages",), "/v1/messages/")
    assert on_allowed(("/v1/messages",), "/v1/messages/count_tokens")
    assert not on_allowed(("/v1/messages",), "/v1/messagesx")


def test_a_key_is_refused_here_too(api: Api, caller: Any) -> None:
    assert caller("governance:read", addresses=["10.9.9.9"]).get("/keys").status_code == 403
    assert caller("governance:read", addresses=["127.0.0.1"]).get("/keys").status_code == 200
    assert caller("governance:read", endpoints=["/v1/chat"]).get("/keys").status_code == 403


def test_an_old_secret_is_good_for_a_while(api: Api) -> None:
    made = api.post("/keys", KEY).json()
    old, path = made["secret"], f"/keys/{made['key']['id']}/rotate"
    assert isinstance(found(old), VirtualKey)
    turned = api.post(path, {"grace_hours": 2}).json()
    assert turned["secret"] != old
    until = ApiKey.objects.get(pk=made["key"]["id"]).previous_until
    assert until is not None
    for secret in (old, turned["secret"]):
        key = found(secret, until.timestamp() - 1)
        assert isinstance(key, VirtualKey)
        assert key.id == made["key"]["id"]
    late = found(old, until.timestamp() + 1)
    assert isinstance(late, Unauthenticated)
    assert isinstance(found(turned["secret"], until.timestamp() + 1), VirtualKey)
    assert "secret set anew" in Revision.objects.latest("version").summary
    api.patch(f"/keys/{made['key']['id']}", {"enabled": False})
    assert isinstance(found(old), Unauthenticated), "what becomes of the key holds for both"
    api.patch(f"/keys/{made['key']['id']}", {"enabled": True})
    at_once = api.post(path, {"grace_hours": 0}).json()["secret"]
    assert isinstance(found(turned["secret"]), Unauthenticated)
    assert isinstance(found(at_once), VirtualKey)
    assert error_of(api.post(path, {"grace_hours": 1000}))["code"] == "range"


def test_nobody_gets_the_secret_of_a_key_that_may_more(caller: Any) -> None:
    saved, _ = services.create_key({"name": "big", "scopes": ["governance:write"]}, who="t")
    small = caller("governance:read", "keys", "governance:write")
    keys = caller("keys", "governance:write")
    path = f"/keys/{saved.document['id']}/rotate"
    assert keys.post(path, {}).status_code == 200
    services.update_key(saved.document["id"], {"scopes": ["inference"]}, who="t")
    assert small.post(path, {}).status_code == 403


def test_last_use(api: Api) -> None:
    from datetime import UTC, datetime

    from governance.interactions.key_uses import note_uses

    identity = api.post("/keys", KEY).json()["key"]["id"]
    now = datetime.now(UTC)
    note_uses({identity: now}, {identity: ("10.0.0.1", "curl/8")})
    note_uses({identity: now - timedelta(hours=1)}, {identity: ("10.0.0.2", "old")})
    key = api.get(f"/keys/{identity}").json()["key"]
    assert (key["last_used_address"], key["last_used_client"]) == ("10.0.0.1", "curl/8")
