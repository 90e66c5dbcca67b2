"""Signing in by a real OpenID Connect provider on loopback: its groups are the roles, each time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from allauth.socialaccount.models import SocialAccount
from django.contrib.auth.models import Group, User
from django.test import Client
from oidc_provider_mock import run_server_in_thread

from governance.models import AuditEntry

pytestmark = pytest.mark.django_db

LOGIN = "/accounts/oidc/login/"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def provider(issuer: str, settings: Any) -> str:
    app = {
        "provider_id": "oidc",
        "name": "Corp",
        "client_id": "pointsman",
        "secret": "secret-0123456789",
        "settings": {"server_url": issuer},
    }
    settings.OIDC_ISSUER = issuer
    settings.OIDC_ROLES = {"llm-admins": "Administrator", "llm-ops": "Operator"}
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {"OAUTH_PKCE_ENABLED": True, "APPS": [app]}
    }
    return issuer


def known(issuer: str, sub: str, **claims: Any) -> None:
    httpx.put(f"{issuer}/users/{sub}", json=claims).raise_for_status()


def sign_in(issuer: str, sub: str, client: Client | None = None) -> tuple[Client, Any]:
    """As a browser does it: there, and back with a code."""
    client = client or Client()
    there = client.post(LOGIN)
    assert there.status_code == 302, there.content
    assert there["Location"].startswith(issuer)
    assert "code_challenge=" in there["Location"]
    back = httpx.post(there["Location"], data={"sub": sub}, follow_redirects=False)
    assert back.status_code == 302, back.text
    url = urlsplit(back.headers["location"])
    return client, client.get(f"{url.path}?{url.query}")


def test_groups_give_roles_and_take_them_away(provider: str) -> None:
    known(provider, "ann-1", preferred_username="ann", groups=["llm-ops", "cooks"])
    client, answer = sign_in(provider, "ann-1")
    assert answer.status_code == 302, answer.content
    ann = User.objects.get()
    assert [one.name for one in ann.groups.all()] == ["Operator"]
    assert (ann.is_staff, ann.is_superuser, ann.has_usable_password()) == (True, False, False)
    assert client.get("/admin/").status_code == 200
    assert client.session.get_expiry_age() <= 8 * 3600
    assert AuditEntry.objects.filter(action="sign in", actor=ann.get_username()).exists()
    ann.user_permissions.add(*_all_permissions())
    known(provider, "ann-1", preferred_username="ann", groups=["llm-admins"])
    sign_in(provider, "ann-1")
    assert [one.name for one in ann.groups.all()] == ["Administrator"]
    assert not ann.user_permissions.exists()
    for groups in (["cooks"], [], "llm", None, {"llm-ops": 1}, [["llm-ops"]]):
        known(provider, "ann-1", preferred_username="ann", groups=groups)
        _, refused = sign_in(provider, "ann-1")
        assert refused.status_code == 403
        assert not User.objects.get().groups.exists()
        assert not User.objects.get().is_staff
    # What was open before is closed with the role.
    assert client.get("/admin/").status_code == 302


def _all_permissions() -> list[Any]:
    from django.contrib.auth.models import Permission

    return list(Permission.objects.all()[:5])


def test_a_stranger_without_a_role_leaves_nothing(provider: str) -> None:
    known(provider, "eve", preferred_username="eve", groups=["cooks"])
    _, refused = sign_in(provider, "eve")
    assert refused.status_code == 403
    assert not User.objects.exists()
    assert not SocialAccount.objects.exists()


def test_nobody_becomes_a_local_account_by_its_name_or_address(provider: str) -> None:
    root = User.objects.create_superuser("root", email="root@a.example", password="pw-0123456789")
    claims = {"preferred_username": "root", "email": "root@a.example", "email_verified": True}
    known(provider, "mallory", **claims, groups=["llm-ops"])
    client, answer = sign_in(provider, "mallory")
    assert answer.status_code == 302
    assert int(client.session["_auth_user_id"]) != root.pk
    root.refresh_from_db()
    assert root.is_superuser
    assert User.objects.count() == 2


def test_the_local_account_works_while_the_provider_is_away(settings: Any, provider: str) -> None:
    User.objects.create_superuser("glass", password="pw-0123456789")
    providers = settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"][0]
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "APPS": [{**providers, "settings": {"server_url": "http://localhost:9"}}]
        }
    }
    client = Client()
    away = client.post(LOGIN)
    assert away.status_code == 503
    assert "does not answer" in away.content.decode()
    form = {"username": "glass", "password": "pw-0123456789"}
    assert client.post("/admin/login/?next=/admin/", form).status_code == 302
    assert client.get("/admin/").status_code == 200


def test_a_local_account_is_not_connected_to_one_of_the_provider(provider: str) -> None:
    root = User.objects.create_superuser("root", password="pw-0123456789")
    client = Client()
    client.force_login(root)
    known(provider, "mallory", preferred_username="m", groups=["llm-ops"])
    there = client.post(f"{LOGIN}?process=connect")
    back = httpx.post(there["Location"], data={"sub": "mallory"}, follow_redirects=False)
    url = urlsplit(back.headers["location"])
    assert client.get(f"{url.path}?{url.query}").status_code == 403
    assert not SocialAccount.objects.exists()
    root.refresh_from_db()
    assert root.is_superuser


def test_a_code_of_someone_elses_sign_in_is_refused(provider: str) -> None:
    """Login CSRF: the state belongs to the browser that began."""
    known(provider, "ann-1", preferred_username="ann", groups=["llm-ops"])
    attacker, victim = Client(), Client()
    there = attacker.post(LOGIN)
    back = httpx.post(there["Location"], data={"sub": "ann-1"}, follow_redirects=False)
    url = urlsplit(back.headers["location"])
    assert victim.get(f"{url.path}?{url.query}").status_code == 403
    assert not User.objects.exists()


def test_pages_without_a_provider(settings: Any) -> None:
    client = Client()
    assert client.post(LOGIN).status_code == 404
    assert LOGIN not in client.get("/admin/login/").content.decode()
    for path in ("/accounts/signup/", "/accounts/login/"):
        answer = client.get(path)
        assert answer["Location"] == "/admin/login/"
    assert client.get("/accounts/password/reset/").status_code == 404
    assert not User.objects.exists()
    assert Group.objects.count() == 3


def test_the_sign_in_page_offers_it(provider: str, settings: Any) -> None:
    settings.OIDC_NAME = "Corp"
    page = Client().get("/admin/login/").content.decode()
    assert "Sign in with Corp" in page
    assert re.search(rf'action="{LOGIN}" method="post"', page)
