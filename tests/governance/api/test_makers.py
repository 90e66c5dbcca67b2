"""Nobody makes a key that may do more than they may do themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.utils import timezone

from governance import services
from governance.models import ApiKey
from tests.governance.api.conftest import ROOT, Api
from tests.governance.conftest import profile_document, provider_document

pytestmark = pytest.mark.django_db

WRITER = ("governance:read", "governance:write")


def test_a_writer_without_the_scope_makes_changes_and_deletes_no_key(
    caller: Callable[..., Api],
) -> None:
    writer = caller(*WRITER)
    own = ApiKey.objects.get()
    for answer in (
        writer.post("/keys", {"name": "more", "scopes": ["governance:read"]}),
        writer.patch(f"/keys/{own.pk}", {"scopes": [*WRITER, "keys"]}),
        writer.delete(f"/keys/{own.pk}"),
    ):
        assert answer.status_code == 403
        assert "keys" in answer.json()["error"]["message"]
    assert writer.get("/keys").status_code == 200
    assert [row.scopes for row in ApiKey.objects.all()] == [list(WRITER)]


def test_a_maker_grants_what_it_has_and_nothing_else(caller: Callable[..., Api]) -> None:
    maker = caller("governance:write", "keys")
    refused = maker.post("/keys", {"name": "more", "scopes": ["keys", "inference"]})
    assert refused.status_code == 403
    assert list(refused.json()["error"]["fields"]) == ["scopes"]
    made = maker.post("/keys", {"name": "same", "scopes": ["keys", "governance:write"]})
    assert made.status_code == 201
    other = services.create_key({"name": "asks", "scopes": ["inference"]}, who="t")[0].document
    path = f"/keys/{other['id']}"
    assert maker.patch(path, {"name": "renamed"}).status_code == 200
    assert maker.patch(path, {"scopes": ["inference", "governance:read"]}).status_code == 403
    assert maker.patch(path, {"scopes": ["keys"]}).status_code == 200
    assert maker.patch(path, {"scopes": ["inference"]}).status_code == 403


def test_a_confined_maker_makes_no_key_that_goes_elsewhere(caller: Callable[..., Api]) -> None:
    services.save_provider(provider_document(), who="t")
    for name in ("light", "dark"):
        services.save_profile(profile_document(name), who="t")
    scopes = ["governance:write", "keys"]
    maker = caller(*scopes, confined_to=["light"], local_only=True)
    document = {"name": "n", "scopes": scopes, "local_only": True}
    for confined in ([], None, ["dark"], ["light", "dark"]):
        answer = maker.post("/keys", {**document, "confined_to": confined})
        assert answer.status_code == 403
        assert list(answer.json()["error"]["fields"]) == ["confined_to"]
    free = maker.post("/keys", {**document, "confined_to": ["light"], "local_only": False})
    assert list(free.json()["error"]["fields"]) == ["local_only"]
    made = maker.post("/keys", {**document, "confined_to": ["light"]})
    assert made.status_code == 201
    path = f"/keys/{made.json()['key']['id']}"
    assert maker.patch(path, {"confined_to": []}).status_code == 403
    assert maker.patch(path, {"local_only": False}).status_code == 403
    assert maker.patch(path, {"priority": "low"}).status_code == 200


def test_a_key_that_is_good_at_some_places_makes_none_for_others(
    caller: Callable[..., Api],
) -> None:
    """Or whoever holds one at such a place would carry another away."""
    scopes = ["governance:write", "keys"]
    maker = caller(*scopes, addresses=["127.0.0.0/8", "2001:db8::/32"])
    own = ApiKey.objects.get()
    document = {"name": "n", "scopes": scopes}
    for beyond in ([], None, ["0.0.0.0/0"], ["127.0.0.1", "10.0.0.1"], ["2001::/16"]):
        answer = maker.post("/keys", {**document, "addresses": beyond})
        assert answer.status_code == 403, beyond
        assert list(answer.json()["error"]["fields"]) == ["addresses"]
    assert maker.post("/keys", {**document, "addresses": ["127.0.0.1"]}).status_code == 201
    path = f"/keys/{own.pk}"
    assert maker.patch(path, {"addresses": []}).status_code == 403
    assert maker.patch(path, {"name": "renamed"}).status_code == 200
    free = services.create_key({"name": "free", "scopes": scopes}, who="t")[0].document
    assert maker.patch(f"/keys/{free['id']}", {"name": "freed"}).status_code == 200
    assert maker.post(f"/keys/{free['id']}/rotate", {}).status_code == 403


def test_a_key_that_ends_makes_none_that_outlives_it(caller: Callable[..., Api]) -> None:
    scopes = ["governance:write", "keys"]
    end = (timezone.now() + timedelta(hours=1)).replace(microsecond=0)
    maker = caller(*scopes, expires_at=end.isoformat())
    own = ApiKey.objects.get()
    document = {"name": "n", "scopes": scopes}
    for beyond in (None, (end + timedelta(seconds=1)).isoformat()):
        answer = maker.post("/keys", {**document, "expires_at": beyond})
        assert answer.status_code == 403
        assert list(answer.json()["error"]["fields"]) == ["expires_at"]
    assert maker.post("/keys", {**document, "expires_at": end.isoformat()}).status_code == 201
    assert maker.patch(f"/keys/{own.pk}", {"expires_at": None}).status_code == 403
    assert maker.post(f"/keys/{own.pk}/rotate", {}).status_code == 200


def test_the_old_secret_of_a_rotated_key_makes_none_for_good(caller: Callable[..., Api]) -> None:
    old = caller("governance:write", "keys")
    own = ApiKey.objects.get()
    services.rotate_key(own.pk, who="t")
    answer = old.post("/keys", {"name": "n", "scopes": ["keys"]})
    assert answer.status_code == 403
    assert list(answer.json()["error"]["fields"]) == ["expires_at"]
    assert old.post(f"/keys/{own.pk}/rotate", {}).status_code == 403


def test_a_person_grants_no_scope_beyond_their_permissions() -> None:
    """Whoever may make keys but not set credentials could else take them with a key."""
    user = User.objects.create_user("olga", is_staff=True)
    user.groups.add(Group.objects.get(name="Operator"))
    user.user_permissions.set(_permissions("add_apikey", "change_apikey"))
    client = Client()
    client.force_login(user)

    def make(*scopes: str) -> int:
        document = {"name": "k", "scopes": list(scopes)}
        answer = client.post(f"{ROOT}/keys", document, content_type="application/json")
        return answer.status_code

    assert make("inference", "governance:read") == 201
    assert make("governance:write") == 403
    assert make("keys") == 403
    form = {"name": "typed", "scopes": ["governance:write"], "priority": "normal"}
    client.post("/admin/governance/apikey/add/", {**form, "local_fallback": "default"})
    assert not ApiKey.objects.filter(name="typed").exists()
    user.user_permissions.add(*_permissions("set_credentials", "delete_provider"))
    assert make("governance:write") == 201


def _permissions(*names: str) -> list[object]:
    from django.contrib.auth.models import Permission

    return list(Permission.objects.filter(codename__in=names))


def test_confinement_is_checked_where_it_is_said(api: Api) -> None:
    services.save_provider(provider_document(), who="t")
    services.save_profile(profile_document(), who="t")
    document = {"name": "k", "scopes": ["inference"]}
    unknown = api.post("/keys", {**document, "confined_to": ["light", "gone"]})
    assert list(unknown.json()["error"]["fields"]) == ["confined_to[1]"]
    wrong = api.post("/keys", {**document, "confined_to": "light"})
    assert list(wrong.json()["error"]["fields"]) == ["confined_to"]
    services.save_profile(profile_document("dark"), who="t")
    both = {"routing_profile": "dark", "confined_to": ["light"]}
    elsewhere = api.post("/keys", {**document, **both})
    assert list(elsewhere.json()["error"]["fields"]) == ["routing_profile"]
    made = api.post("/keys", {**document, "confined_to": ["light"]})
    assert made.json()["key"]["confined_to"] == ["light"]
    # Its last profile must not vanish under a confined key.
    assert api.delete("/routing-profiles/light").status_code == 409
