"""ETag and If-Match on every object: a write on something older than what is there is stopped."""

from __future__ import annotations

from typing import Any

import pytest

from governance import services
from governance.models import Provider
from tests.governance.api.conftest import Api
from tests.governance.conftest import profile_document, provider_document

pytestmark = pytest.mark.django_db

RULE = {"name": "r", "profile": "light"}
MAPPING = {"pattern": "p", "destination": "light"}
LIMIT = {"name": "l", "subject": {"type": "everything"}, "measure": "cost", "amount": "1"}
PRICE = {"model": "m", "input": "1", "output": "1", "valid_from": "2026-01-01T00:00:00Z"}


@pytest.fixture
def paths(api: Api) -> dict[str, tuple[str, dict[str, Any]]]:
    """One of everything: the address of each, and a change of it."""
    services.save_provider(provider_document(), who="t")
    services.save_profile(profile_document(), who="t")
    rule = services.save_rule(RULE, who="t").document["id"]
    mapping = services.save_mapping(MAPPING, who="t").document["id"]
    _, _ = services.create_key({"name": "k", "scopes": ["inference"]}, who="t")
    key = api.get("/keys?name=k").json()["keys"][0]["id"]
    group = services.GROUPS.save({"name": "g"}, who="t").document["id"]
    limit = services.LIMITS.save(LIMIT, who="t").document["id"]
    price = services.PRICES.save(PRICE, who="t").document["id"]
    return {
        "provider": ("/providers/fast", provider_document(default_model="other")),
        "profile": ("/routing-profiles/light", profile_document(description="other")),
        "rule": (f"/heuristic-rules/{rule}", {**RULE, "match": "any"}),
        "mapping": (f"/model-mappings/{mapping}", {**MAPPING, "priority": 3}),
        "key": (f"/keys/{key}", {"priority": "low"}),
        "group": (f"/groups/{group}", {"name": "h"}),
        "limit": (f"/limits/{limit}", {**LIMIT, "amount": "2"}),
        "price": (f"/prices/{price}", {**PRICE, "input": "2"}),
    }


KINDS = ("provider", "profile", "rule", "mapping", "key", "group", "limit", "price")


@pytest.mark.parametrize("kind", KINDS)
def test_every_object_has_a_version_that_a_write_may_ask_for(
    api: Api, paths: dict[str, tuple[str, dict[str, Any]]], kind: str
) -> None:
    path, changed = paths[kind]
    method = "PATCH" if kind == "key" else "PUT"
    tag = api.get(path)["ETag"]
    assert tag.startswith('"')
    first = api(method, path, changed, headers={"If-Match": tag})
    assert first.status_code == 200
    assert first["ETag"] != tag
    assert api.get(path)["ETag"] == first["ETag"]
    before = api.get(path).json()
    stale = api(method, path, {**changed, "enabled": False}, headers={"If-Match": tag})
    assert stale.status_code == 412
    error = stale.json()["error"]
    assert (error["type"], error["code"]) == ("precondition_failed_error", "stale_version")
    assert [one["who"] for one in error["changed_since"]] == ["key: caller"]
    assert error["changed_since"][0]["words"]
    assert stale["ETag"] == first["ETag"] == f'"{error["version"]}"'
    gone = api.delete(path, headers={"If-Match": f"{tag}, W/{first['ETag']}"})
    assert gone.status_code == 412
    assert api.get(path).json() == before
    last = api.delete(f"{path}?force=true", headers={"If-Match": f'"0", {first["ETag"]}'})
    assert last.status_code == 204


def test_a_write_without_if_match_works_and_so_does_the_star(
    api: Api, paths: dict[str, tuple[str, dict[str, Any]]]
) -> None:
    path, changed = paths["provider"]
    for headers in ({}, {"If-Match": "*"}, {"If-None-Match": '"1"'}):
        assert api.put(path, changed, headers=headers).status_code == 200
    for nonsense in ("", "x", '"', '"9', "1e3", "-1", '"' + "9" * 40 + '"', "\u0661"):
        answer = api.put(path, changed, headers={"If-Match": nonsense})
        assert answer.status_code == 412, nonsense


def test_what_is_changed_along_gets_a_version_too(api: Api) -> None:
    """Marking one provider as default unmarks the other, which someone else may have open."""
    services.save_provider(provider_document("a", is_default=True), who="t")
    services.save_provider(provider_document("b"), who="t")
    tag = api.get("/providers/a")["ETag"]
    assert api.patch("/providers/b", {"is_default": True}).status_code == 200
    stale = api.patch("/providers/a", {"is_default": True}, headers={"If-Match": tag})
    assert stale.status_code == 412
    assert stale.json()["error"]["changed_since"][0]["words"] == ["no longer the default"]
    assert not Provider.objects.get(name="a").is_default


def test_what_changes_nothing_is_no_new_version(api: Api) -> None:
    created = api.post("/providers", provider_document())
    again = api.put("/providers/fast", provider_document())
    assert again["ETag"] == created["ETag"]
    assert api.get("/keys").json()["keys"][0]["version"] == 1


def test_an_extra_amount_is_deleted_as_it_was_seen(api: Api) -> None:
    limit = services.LIMITS.save(LIMIT, who="t").document["id"]
    made = api.post("/grants", {"limit": limit, "amount": 1, "from": "2026-11-01"})
    path = f"/grants/{made.json()['grant']['id']}"
    assert api.get(path)["ETag"] == made["ETag"]
    assert api.delete(path, headers={"If-Match": '"0"'}).status_code == 412
    assert api.delete(path, headers={"If-Match": made["ETag"]}).status_code == 204
