"""Who sees what: page by page, by Django's permissions."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from django.test import Client

from governance import services, snapshot
from governance.models import HeuristicRule, Provider
from tests.gateway.console.providers.test_admin import form as provider_form
from tests.gateway.console.sent import ROOT, text_of
from tests.governance.conftest import profile_document, provider_document

MODELS = ("provider", "routingprofile", "apikey", "heuristicrule", "modelmapping", "revision")
Staff = Callable[..., Client]


@pytest.fixture(autouse=True)
def rows(db: None) -> dict[str, object]:
    """One of everything, and how to find it."""
    services.save_provider(provider_document(api_key="s3cret", extra_headers={"X-A": "a"}), who="t")
    services.save_profile(profile_document(), who="t")
    rule = services.save_rule({"name": "r", "profile": "light"}, who="t")
    mapping = services.save_mapping({"pattern": "p", "destination": "light"}, who="t")
    key, _ = services.create_key({"name": "k", "scopes": ["inference"]}, who="t")
    return {
        "provider": Provider.objects.get().pk,
        "routingprofile": "light",
        "apikey": key.document["id"],
        "heuristicrule": rule.document["id"],
        "modelmapping": mapping.document["id"],
        "revision": 1,
    }


@pytest.mark.parametrize("model", MODELS)
def test_without_a_permission_there_is_nothing(
    staff: Staff, rows: dict[str, object], model: str
) -> None:
    client = staff()
    for path in ("", "add/", f"{rows[model]}/change/", f"{rows[model]}/delete/"):
        assert client.get(f"{ROOT}/{model}/{path}").status_code == 403


@pytest.mark.parametrize("model", MODELS)
def test_a_viewer_sees_and_changes_nothing(
    staff: Staff, rows: dict[str, object], model: str
) -> None:
    client = staff(f"view_{model}")
    assert client.get(f"{ROOT}/{model}/").status_code == 200
    page = client.get(f"{ROOT}/{model}/{rows[model]}/change/")
    assert page.status_code == 200
    assert b"s3cret" not in page.content
    assert b'name="_save"' not in page.content
    assert client.get(f"{ROOT}/{model}/add/").status_code == 403
    assert client.post(f"{ROOT}/{model}/{rows[model]}/change/", {}).status_code == 403
    assert client.post(f"{ROOT}/{model}/{rows[model]}/delete/", {"post": "yes"}).status_code == 403


def test_a_viewer_sees_whether_there_is_a_credential(staff: Staff, rows: dict[str, object]) -> None:
    page = staff("view_provider").get(f"{ROOT}/provider/{rows['provider']}/change/")
    assert re.search(r"Credential\s+set", text_of(page))
    assert 'name="api_key"' not in page.content.decode()


def test_who_may_not_set_credentials_moves_none(staff: Staff, rows: dict[str, object]) -> None:
    """Neither by the form nor by a form made up, and not to an address that would receive them."""
    client = staff("view_provider", "change_provider", "add_provider")
    path = f"{ROOT}/provider/{rows['provider']}/change/"
    assert 'name="api_key"' not in client.get(path).content.decode()
    form = provider_form(api_key="new", extra_headers="X-A: b", clear_api_key="on")
    client.post(path, form)
    assert snapshot.refresh().providers["fast"].api_key == "s3cret"
    assert snapshot.current().providers["fast"].extra_headers == (("X-A", "a"),)
    assert snapshot.current().providers["fast"].idle_timeout == 1.5
    answer = client.post(path, provider_form(base_url="http://127.0.0.1:10/"))
    errors = answer.context["adminform"].form.errors
    assert list(errors) == ["base_url"]
    assert snapshot.refresh().providers["fast"].base_url == "http://127.0.0.1:9/v1"
    client.post(f"{ROOT}/provider/add/", provider_form(name="other"))
    assert "other" in snapshot.refresh().providers


def test_who_may_set_credentials_does(staff: Staff, rows: dict[str, object]) -> None:
    client = staff("view_provider", "change_provider", "set_credentials")
    client.post(f"{ROOT}/provider/{rows['provider']}/change/", provider_form(api_key="new"))
    assert snapshot.refresh().providers["fast"].api_key == "new"


def test_a_viewer_reorders_no_rules_and_reverts_nothing(staff: Staff) -> None:
    client = staff("view_heuristicrule", "view_revision")
    services.save_rule({"name": "s", "profile": "light"}, who="t")
    client.post(f"{ROOT}/heuristicrule/", {"_save": "", "form-0-id": "1", "form-0-position": "9"})
    assert [row.name for row in HeuristicRule.objects.all()] == ["r", "s"]
    assert client.post(f"{ROOT}/revision/1/revert/").status_code == 403
    assert client.get(f"{ROOT}/revision/1/revert/").status_code == 403


@pytest.mark.parametrize("model", ["provider", "routingprofile", "apikey"])
def test_nobody_without_logging_in(model: str) -> None:
    answer = Client().get(f"{ROOT}/{model}/")
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")
