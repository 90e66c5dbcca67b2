"""Users who make keys of their own: inside what their group allows, and of their own alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from governance import services, snapshot
from governance.models import ApiKey, AuditEntry, KeyAllowance
from tests.governance.api.conftest import ROOT, Api, error_of
from tests.governance.conftest import profile_document

PATH = f"{ROOT}/own-keys"


@pytest.fixture
def ann(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_user("ann"))
    return client


@pytest.fixture
def group(ann: Client) -> str:
    services.save_profile(profile_document(), who="t")
    services.save_profile(profile_document("dear"), who="t")
    group = services.GROUPS.save({"name": "Blue"}, who="t").document["id"]
    document = {"group": group, "members": ["ann"], "profiles": ["light"], "most_keys": 2}
    services.KEY_ALLOWANCES.save({**document, "days": 30}, who="t")
    return str(group)


def post(client: Client, path: str, document: Any) -> Any:
    return client.post(path, json.dumps(document), content_type="application/json")


def test_it_works(ann: Client, group: str) -> None:
    """Make, see, rotate, delete."""
    (allowance,) = ann.get(PATH).json()["allowances"]
    assert (allowance["group_name"], allowance["days"]) == ("Blue", 30)
    made = post(ann, PATH, {"name": "laptop"})
    assert made.status_code == 201, made.content
    key = made.json()["key"]
    assert (key["owner"], key["group"], key["scopes"]) == ("ann", group, ["inference"])
    assert key["confined_to"] == ["light"]
    expires = datetime.fromisoformat(key["expires_at"])
    assert timedelta(days=29) < expires - datetime.now(UTC) <= timedelta(days=30)
    assert made.json()["secret"].startswith(key["prefix"])
    turned = post(ann, f"{PATH}/{key['id']}/rotate", {"grace_hours": 1})
    assert turned.json()["secret"] != made.json()["secret"]
    assert len(snapshot.refresh().virtual_keys) == 2
    assert [one["id"] for one in ann.get(PATH).json()["keys"]] == [key["id"]]
    assert ann.delete(f"{PATH}/{key['id']}").status_code == 204
    assert not ApiKey.objects.exists()
    actors = AuditEntry.objects.filter(object_type="API key").values_list("actor", flat=True)
    assert list(actors) == ["ann"] * 3


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ({"name": "k", "scopes": ["governance:write"]}, "scopes"),
        ({"name": "k", "owner": "bob"}, "owner"),
        ({"name": "k", "confined_to": ["dear"]}, "confined_to"),
        ({"name": "k", "expires_at": "2999-01-01T00:00:00Z"}, "expires_at"),
        ({"name": "k", "expires_at": "never"}, "expires_at"),
        ({"name": ""}, "name"),
        ({"name": "k", "addresses": ["x"]}, "addresses[0]"),
    ],
)
def test_nothing_beyond(ann: Client, group: str, document: Any, path: str) -> None:
    answer = post(ann, PATH, document)
    assert answer.status_code == 400, answer.content
    assert list(error_of(answer)["fields"]) == [path]
    assert not ApiKey.objects.exists()


def test_as_many_as_are_allowed(ann: Client, group: str) -> None:
    for name in "ab":
        assert post(ann, PATH, {"name": name}).status_code == 201
    many = post(ann, PATH, {"name": "c"})
    assert (many.status_code, error_of(many)["code"]) == (409, "too_many_keys")
    ApiKey.objects.filter(name="a").update(enabled=False)
    assert post(ann, PATH, {"name": "c"}).status_code == 201


def test_others_keys_are_nobodys(ann: Client, group: str, api: Api) -> None:
    saved, _ = services.create_key({"name": "x", "scopes": ["inference"]}, who="t")
    other = f"{PATH}/{saved.document['id']}"
    assert post(ann, f"{other}/rotate", {}).status_code == 404
    assert ann.delete(other).status_code == 404
    bob = Client()
    bob.force_login(User.objects.create_user("bob"))
    refused = post(bob, PATH, {"name": "k"})
    assert (refused.status_code, error_of(refused)["code"]) == (403, "no_allowance")
    assert post(Client(), PATH, {"name": "k"}).status_code in (401, 403)
    assert api.post("/own-keys", {"name": "k"}).status_code == 403, "a key is no person"
    KeyAllowance.objects.update(enabled=False)
    assert post(ann, PATH, {"name": "k"}).status_code == 403


def test_an_owner_does_not_rise_by_rotating(ann: Client, group: str) -> None:
    big = {"name": "big", "scopes": ["inference", "keys"], "owner": "ann"}
    saved, _ = services.create_key(big, who="t")
    assert post(ann, f"{PATH}/{saved.document['id']}/rotate", {}).status_code == 403


def test_allowances_over_rest(api: Api, group: str) -> None:
    (held,) = api.get("/key-allowances").json()["allowances"]
    twice = api.post("/key-allowances", {"group": group, "members": []})
    assert error_of(twice)["code"] == "unique"
    unknown = {"members": ["nobody"], "profiles": ["nothing"]}
    answer = api.patch(f"/key-allowances/{held['id']}", unknown)
    assert list(error_of(answer)["fields"]) == ["members[0]", "profiles[0]"]
    assert api.patch(f"/key-allowances/{held['id']}", {"days": 7}).status_code == 200


def test_a_group_with_an_allowance_stays(api: Api, group: str) -> None:
    answer = api.delete(f"/groups/{group}")
    assert (answer.status_code, error_of(answer)["code"]) == (409, "in_use")
