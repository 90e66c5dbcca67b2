"""No way ends: whatever goes wrong is told in the console's frame, with a way on."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from governance import services
from governance.models import Provider
from tests.gateway.console.conftest import Member
from tests.gateway.console.sent import ROOT, messages_of, text_of
from tests.governance.conftest import profile_document, provider_document

pytestmark = pytest.mark.django_db
PAGE = {"HTTP_ACCEPT": "text/html,application/xhtml+xml"}


def test_it_works(member: Member) -> None:
    """Who may not is told so in the frame, with the page above."""
    answer = member("governance.view_provider").get(f"{ROOT}/apikey/add/", **PAGE)
    assert answer.status_code == 403
    assert "Not allowed" in text_of(answer)
    assert 'id="nav-sidebar"' in answer.content.decode()
    assert f'href="{ROOT}/apikey/"' in answer.content.decode()


def test_a_path_that_is_not_there(admin: Client) -> None:
    answer = admin.get("/admin/nothing/here", **PAGE)
    assert answer.status_code == 404
    assert "There is no such page" in text_of(answer)
    api = admin.get("/api/nothing", **PAGE)
    assert "nav-sidebar" not in api.content.decode()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("connection/{pk}/test", "/admin/governance/provider/{pk}/change/"),
        ("connection/{pk}/models", "/admin/governance/provider/{pk}/change/"),
        ("connection/{pk}/keep", "/admin/governance/provider/{pk}/change/"),
        ("connection/{pk}/copy", "/admin/governance/provider/{pk}/change/"),
        ("connection/{pk}/repairs", "/admin/governance/provider/{pk}/change/"),
        ("governance/routingprofile/light/switch/", f"{ROOT}/routingprofile/light/change/"),
        ("engine/load", "/admin/engine/"),
        ("engine/unload", "/admin/engine/"),
        ("sessions/end", "/admin/sessions/"),
        ("rehearse", f"{ROOT}/routingprofile/"),
        ("replay", f"{ROOT}/routingprofile/"),
        ("playground/send", "/admin/playground/"),
        ("playground/code", "/admin/playground/"),
        ("logout/", "/admin/"),
    ],
)
def test_the_address_of_a_form_leads_to_its_page(admin: Client, path: str, expected: str) -> None:
    services.save_provider(provider_document(), who="t")
    services.save_profile(profile_document(), who="t")
    pk = Provider.objects.get().pk
    answer = admin.get(f"/admin/{path.format(pk=pk)}", **PAGE, follow=True)
    assert answer.status_code == 200
    assert answer.redirect_chain[-1][0] == expected.format(pk=pk)
    assert admin.get(f"/admin/{path.format(pk=pk)}").status_code in (405, 200, 302)


@pytest.mark.parametrize("model", ["routingprofile", "provider", "apikey", "revision", "limit"])
def test_what_is_gone_leads_to_the_list_of_what_is_there(admin: Client, model: str) -> None:
    answer = admin.get(f"{ROOT}/{model}/991/change/", follow=True)
    assert answer.redirect_chain[-1][0] == f"{ROOT}/{model}/"
    assert any("991" in one for one in messages_of(answer))


def test_a_page_that_was_open_too_long(admin: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = admin.cookies
    answer = strict.post(f"{ROOT}/provider/add/", {"name": "x"}, **PAGE)
    assert answer.status_code == 403
    assert "This page has expired" in text_of(answer)
    assert f'href="{ROOT}/provider/add/"' in answer.content.decode()
    assert not Provider.objects.exists()


def test_a_page_that_fails(admin: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: Any) -> Any:
        raise RuntimeError("s3cret")

    monkeypatch.setattr("gateway.console.providers.admin.groups", fails)
    admin.raise_request_exception = False
    answer = admin.get(f"{ROOT}/provider/add/", **PAGE)
    assert answer.status_code == 500
    assert "This page failed" in text_of(answer)
    assert "s3cret" not in answer.content.decode()


def test_nobody_is_sent_to_a_site_that_is_not_there(admin: Client) -> None:
    for path in ("/admin/", "/admin/login/"):
        assert "View site" not in text_of(admin.get(path))
        assert "Return to site" not in text_of(Client().get(path, follow=True))
