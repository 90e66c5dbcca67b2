"""Who may not set credentials neither takes them away nor moves them, whichever way is tried."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

from governance import services
from governance.models import Provider
from tests.governance.conftest import provider_document

SECRET = "sk-very-secret-1234"
ELSEWHERE = "https://elsewhere.example/v1"


@pytest.fixture
def operator(db: None) -> Client:
    user = User.objects.create_user("op", is_staff=True)
    user.groups.add(Group.objects.get(name="Operator"))
    assert not user.has_perm("governance.set_credentials")
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def corp(db: None) -> int:
    """A provider that began elsewhere and without a secret; the version that it began with."""
    services.save_provider(provider_document("corp", base_url=ELSEWHERE), who="op")
    version = services.find_revision(1).version
    services.save_provider(
        provider_document(
            "corp",
            base_url="https://corp.example/v1",
            api_key=SECRET,
            extra_headers={"X-Token": "secret"},
        ),
        who="root",
        existing="corp",
    )
    return version


def call(client: Client, method: str, path: str, body: Any = None) -> Any:
    data = "" if body is None else json.dumps(body)
    return client.generic(method, f"/api/governance{path}", data, content_type="application/json")


def untouched() -> bool:
    row = Provider.objects.get(name="corp")
    return (row.base_url, row.reveal_api_key(), row.reveal_headers()) == (
        "https://corp.example/v1",
        SECRET,
        {"X-Token": "secret"},
    )


def test_a_revert_does_not_move_a_credential(operator: Client, corp: int) -> None:
    answer = call(operator, "POST", f"/revisions/{corp}/revert")
    assert answer.status_code == 403
    told = answer.json()["error"]["fields"]
    assert "providers.corp.base_url" in told
    assert untouched()
    assert call(operator, "POST", f"/revisions/{corp}/revert?dry_run=true").status_code == 403
    page = operator.post(f"/admin/governance/revision/{corp}/revert/")
    assert page.status_code == 302
    assert untouched()


def test_a_revert_of_other_things_is_theirs(operator: Client, corp: int) -> None:
    services.save_provider({"enabled": False}, who="root", existing="corp", partial=True)
    answer = call(operator, "POST", f"/revisions/{corp + 1}/revert")
    assert answer.status_code == 200
    assert untouched()
    assert Provider.objects.get().enabled


@pytest.mark.parametrize("headers", [{}, None, {"X-Token": "other"}, {"X-Other": "a"}])
@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_headers_stay(operator: Client, corp: int, method: str, headers: Any) -> None:
    document = provider_document("corp", base_url="https://corp.example/v1")
    whole = {} if method == "PATCH" else document
    answer = call(operator, method, "/providers/corp", {**whole, "extra_headers": headers})
    assert answer.status_code == 403
    assert answer.json()["error"]["fields"] == {"extra_headers": ["You may not set credentials."]}
    assert untouched()


def test_headers_sent_back_as_shown_are_no_change(operator: Client, corp: int) -> None:
    shown = {"extra_headers": {"X-Token": "********"}, "enabled": False}
    assert call(operator, "PATCH", "/providers/corp", shown).status_code == 200
    assert untouched()


def test_headers_that_cannot_be_read_stay_too(operator: Client, corp: int) -> None:
    Provider.objects.update(sealed_headers="no key opens this")
    answer = call(operator, "PATCH", "/providers/corp", {"extra_headers": {}})
    assert answer.status_code == 403
    assert Provider.objects.get().sealed_headers == "no key opens this"


def test_the_kind_stays_since_it_says_how_the_credential_is_sent(
    operator: Client, corp: int
) -> None:
    answer = call(operator, "PATCH", "/providers/corp", {"kind": "anthropic"})
    assert answer.status_code == 403
    assert list(answer.json()["error"]["fields"]) == ["kind"]
    form = {"name": "corp", "kind": "anthropic", "base_url": "https://corp.example/v1"}
    operator.post(f"/admin/governance/provider/{Provider.objects.get().pk}/change/", form)
    assert Provider.objects.get().kind == "openai"
    assert untouched()


def test_a_revert_does_not_delete_a_credential(operator: Client, db: None) -> None:
    services.save_mapping({"pattern": "a", "destination": "b"}, who="root")
    services.save_provider(provider_document("corp", api_key=SECRET), who="root")
    answer = call(operator, "POST", "/revisions/1/revert")
    assert answer.status_code == 403
    assert Provider.objects.get().reveal_api_key() == SECRET


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({"base_url": "https://gpu.example/v1"}, True),
        ({"base_url": "https://gpu.example/v1", "is_local": True}, False),
        ({"base_url": "https://gpu.example/v1", "kind": "mlx_server", "is_local": True}, False),
        ({"base_url": "https://gpu.example/v1", "kind": "mlx", "is_local": True}, False),
        ({"base_url": "http://127.0.0.1:1/v1", "is_local": True}, True),
        ({"base_url": "http://10.0.0.7/v1", "is_local": True}, True),
        ({"base_url": "", "kind": "mlx", "is_local": True}, True),
    ],
)
def test_only_an_administrator_calls_an_address_local(
    operator: Client, changes: dict[str, Any], allowed: bool
) -> None:
    answer = call(operator, "POST", "/providers", provider_document("p", **changes))
    assert (answer.status_code == 201) is allowed, answer.content
    if not allowed:
        assert list(answer.json()["error"]["fields"]) == ["is_local"]
    elif "is_local" not in changes:
        assert not answer.json()["provider"]["is_local"]


def test_what_counts_as_local_does_not_move_out(operator: Client, db: None) -> None:
    local = provider_document("gpu", base_url="https://gpu.example/v1", is_local=True)
    services.save_provider(local, who="root")
    assert call(operator, "PATCH", "/providers/gpu", {"default_model": "m"}).status_code == 200
    for moved in ({"base_url": ELSEWHERE}, {"kind": "anthropic"}):
        answer = call(operator, "PATCH", "/providers/gpu", moved)
        assert answer.status_code == 403
        assert list(answer.json()["error"]["fields"]) == ["is_local"]
    told = {"base_url": ELSEWHERE, "is_local": False}
    assert call(operator, "PATCH", "/providers/gpu", told).status_code == 200
    services.revert(2, who="root")
    assert call(operator, "POST", "/revisions/1/revert").status_code in (200, 403)
    assert not Provider.objects.filter(base_url=ELSEWHERE, is_local=True).exists()
