"""Signing in: guessing is slowed down, shown passwords are changed, sessions are ended."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import Group, User
from django.contrib.sessions.models import Session
from django.test import Client

from governance.defaults import load_embedded_defaults
from governance.models import AuditEntry
from tests.gateway.console.sent import text_of

pytestmark = pytest.mark.django_db

RIGHT = "right-0123456789"


@pytest.fixture
def ann() -> User:
    user = User.objects.create_user("ann", password=RIGHT, is_staff=True)
    user.groups.add(Group.objects.get(name="Viewer"))
    return user


def sign_in(name: str, password: str, address: str, client: Client | None = None) -> int:
    client = client or Client()
    form = {"username": name, "password": password}
    answer = client.post("/admin/login/?next=/admin/", form, REMOTE_ADDR=address)
    return answer.status_code


def test_guessing_at_one_account_from_everywhere_is_slowed_down(ann: User) -> None:
    statuses = [sign_in("ann", f"guess {n}", f"192.0.2.{n}") for n in range(11)]
    assert statuses[0] == 200
    assert statuses[-1] == 429
    locked = Client().post(
        "/admin/login/", {"username": "ann", "password": RIGHT}, REMOTE_ADDR="198.51.100.1"
    )
    assert locked.status_code == 429
    assert locked["Retry-After"] == "300"
    AccessAttempt.objects.all().delete()
    assert sign_in("ann", RIGHT, "198.51.100.1") == 302


def test_guessing_at_many_accounts_from_one_address_is_slowed_down(ann: User) -> None:
    statuses = [sign_in(f"user {n}", "Winter2026", "192.0.2.9") for n in range(11)]
    assert statuses[-1] == 429
    assert sign_in("ann", RIGHT, "192.0.2.9") == 429
    assert sign_in("ann", RIGHT, "192.0.2.10") == 302


def test_nobody_chooses_the_address_they_are_counted_by(ann: User, settings: Any) -> None:
    def guess(number: int, **headers: str) -> int:
        form = {"username": f"user {number}", "password": "x"}
        answer = Client().post("/admin/login/", form, REMOTE_ADDR="192.0.2.9", headers=headers)
        return answer.status_code

    for trusted, forwarded in ((False, "10.0.0.{}"), (True, "10.0.0.{}, 203.0.113.5")):
        settings.TRUST_PROXY = trusted
        AccessAttempt.objects.all().delete()
        told = {"x-forwarded-for": forwarded}
        found = [guess(n, **{k: v.format(n) for k, v in told.items()}) for n in range(11)]
        assert found[-1] == 429


def test_a_shown_password_is_changed_before_anything_else(settings: Any) -> None:
    made = load_embedded_defaults(with_model=False)
    client = Client()
    assert sign_in("admin", made.password, "192.0.2.1", client) == 302
    assert client.get("/admin/governance/provider/").status_code == 200
    settings.EXPOSED = True
    for path in ("/admin/", "/admin/governance/provider/add/"):
        assert client.get(path)["Location"] == "/admin/password_change/"
    assert client.post("/admin/governance/provider/add/", {"name": "x"}).status_code == 302
    assert client.get("/api/governance/providers").status_code == 403
    page = client.get("/admin/password_change/")
    assert "choose another first" in text_of(page)
    new = "another-0123456789"
    form = {"old_password": made.password, "new_password1": new, "new_password2": new}
    assert client.post("/admin/password_change/", form).status_code == 302
    assert client.get("/admin/governance/provider/").status_code == 200
    assert client.get("/api/governance/providers").status_code == 200


def test_sessions_are_listed_and_ended(ann: User) -> None:
    here, there = Client(headers={"user-agent": "Elsewhere/1.0"}), Client()
    assert sign_in("ann", RIGHT, "192.0.2.1", there) == 302
    assert sign_in("ann", RIGHT, "192.0.2.77", here) == 302
    bob = User.objects.create_user("bob", password=RIGHT, is_staff=True)
    other = Client()
    assert sign_in("bob", RIGHT, "192.0.2.99", other) == 302
    page = there.get("/admin/sessions/")
    text = text_of(page)
    assert "192.0.2.77" in text
    assert "Elsewhere/1.0" in text
    assert "192.0.2.99" not in text
    for key in Session.objects.values_list("pk", flat=True):
        assert key not in page.content.decode()
    (handle,) = re.findall(r'name="session" value="([0-9a-f]{32})"', page.content.decode())
    # Of others nobody ends a session whom they may not change.
    assert other.post("/admin/sessions/end", {"session": handle}).status_code == 302
    assert here.get("/admin/sessions/").status_code == 200
    assert there.post("/admin/sessions/end", {"session": handle}).status_code == 302
    assert here.get("/admin/sessions/").status_code == 302
    assert there.get("/admin/sessions/").status_code == 200
    assert AuditEntry.objects.filter(action="end session").count() == 1
    root = Client()
    root.force_login(User.objects.create_superuser("root"))
    assert "bob" in text_of(root.get("/admin/sessions/"))
    assert bob.is_active


def test_every_page_tells_browsers_what_may_run(ann: User) -> None:
    client = Client()
    nonces = set()
    pages = ("/admin/login/", "/admin/", "/admin/sessions/", "/nowhere", "/api/docs", "/admin/x/")
    for path in pages:
        if path == "/admin/":
            client.force_login(ann)
        answer = client.get(path)
        policy = answer["Content-Security-Policy"]
        (nonce,) = re.findall(r"script-src [^;]*'nonce-([^']+)'", policy)
        nonces.add(nonce)
        scripts = re.search(r"script-src ([^;]*)", policy)
        assert scripts is not None
        assert "unsafe-inline" not in scripts[1]
        assert "frame-ancestors 'none'" in policy
        assert "object-src 'none'" in policy
        inline = re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", answer.content.decode())
        assert all(nonce in one or "application/json" in one for one in inline), path
        assert not re.findall(r"\son(?:click|load|error)=", answer.content.decode()), path
    assert len(nonces) == len(pages)


def test_no_template_holds_a_script_that_the_policy_would_stop() -> None:
    root = Path(__file__).parents[3]
    for folder in ("gateway", "templates"):
        for template in (root / folder).rglob("*.html"):
            text = template.read_text()
            assert not re.findall(r"\son[a-z]+=\"", text), template
            assert not re.findall(r"<script(?![^>]*\bsrc=)", text), template
