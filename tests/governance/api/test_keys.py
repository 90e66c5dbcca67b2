"""API keys by the API: the key itself is shown once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from governance import keys, services, snapshot
from governance.interactions.key_uses import note_uses
from governance.models import ApiKey
from tests.governance.api.conftest import Api, error_of
from tests.governance.conftest import profile_document

PATH = "/keys"


def test_it_works(api: Api) -> None:
    services.save_profile(profile_document(), who="t")
    document = {
        "name": "ci",
        "scopes": ["inference"],
        "routing_profile": "light",
        "priority": "high",
        "local_fallback": "never",
        "local_only": True,
        "expires_at": "2099-01-31T12:00:00+01:00",
    }
    created = api.post(PATH, document)
    assert created.status_code == 201
    secret, key = created.json()["secret"], created.json()["key"]
    assert secret.startswith(key["prefix"])
    assert key["expires_at"] == "2099-01-31T11:00:00Z"
    virtual_key = snapshot.refresh().virtual_keys[keys.digest(secret)]
    assert (virtual_key.profile, virtual_key.priority, virtual_key.local_fallback) == (
        "light",
        "high",
        "never",
    )
    assert virtual_key.expires_at == datetime(2099, 1, 31, 11, tzinfo=UTC).timestamp()
    assert api.get(f"{PATH}?name=CI").json() == {"keys": [key], "count": 1}
    assert api.get(f"{PATH}/{key['id']}").json() == {"key": key}
    changed = api.patch(f"{PATH}/{key['id']}", {"enabled": False, "routing_profile": ""})
    assert changed.json()["key"] == {
        **key,
        "enabled": False,
        "routing_profile": "",
        "version": key["version"] + 1,
    }
    assert api.delete(f"{PATH}/{key['id']}").status_code == 204
    assert keys.digest(secret) not in snapshot.refresh().virtual_keys


def test_only_the_first_answer_holds_the_key(api: Api) -> None:
    created = api.post(PATH, {"name": "ci", "scopes": ["inference"]}).json()
    secret = created["secret"].encode()
    digest = keys.digest(created["secret"]).hex().encode()
    for path in (PATH, f"{PATH}/{created['key']['id']}", "/revisions", "/revisions/2"):
        content = api.get(path).content
        assert secret not in content
        assert digest not in content


def test_names_need_not_be_unique(api: Api) -> None:
    """A key is replaced by making its successor first."""
    for _ in range(2):
        assert api.post(PATH, {"name": "ci", "scopes": ["inference"]}).status_code == 201


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": None}, "name"),
        ({"scopes": None}, "scopes"),
        ({"scopes": []}, "scopes"),
        ({"scopes": "inference"}, "scopes"),
        ({"scopes": ["root"]}, "scopes[0]"),
        ({"routing_profile": "none"}, "routing_profile"),
        ({"routing_profile": 7}, "routing_profile"),
        ({"priority": "urgent"}, "priority"),
        ({"local_fallback": "sometimes"}, "local_fallback"),
        ({"local_only": "yes"}, "local_only"),
        ({"enabled": 1}, "enabled"),
        ({"expires_at": "tomorrow"}, "expires_at"),
        ({"expires_at": "2099-01-31T12:00:00"}, "expires_at"),
        ({"expires_at": "2099-13-31T12:00:00Z"}, "expires_at"),
        ({"expires_at": "0001-01-01T00:00:00+14:00"}, "expires_at"),
        ({"expires_at": "9999-12-31T23:59:59-14:00"}, "expires_at"),
        ({"expires_at": 7}, "expires_at"),
    ],
)
def test_each_rule_broken(api: Api, change: dict[str, Any], field: str) -> None:
    answer = api.post(PATH, {"name": "ci", "scopes": ["inference"], **change})
    assert answer.status_code == 400
    assert list(error_of(answer)["fields"]) == [field]
    key = ApiKey.objects.get()
    assert api.patch(f"{PATH}/{key.pk}", change).status_code == 400


def test_when_a_key_was_used_is_no_change_of_the_configuration(api: Api) -> None:
    key = ApiKey.objects.get()
    version = snapshot.refresh().version
    now = datetime.now(UTC)
    note_uses({key.pk: now})
    note_uses({key.pk: now - timedelta(hours=1), "gone": now})
    assert api.get(f"{PATH}/{key.pk}").json()["key"]["last_used_at"].startswith(f"{now:%Y-%m-%d}")
    key.refresh_from_db()
    assert key.last_used_at == now
    assert snapshot.refresh().version == version
