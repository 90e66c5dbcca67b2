"""Choosing a password by a link of an e-mail: once, for a while, telling nobody who is here."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core import mail
from django.core.cache import cache
from django.test import Client

from gateway.console.sign_in import forgotten
from governance.models import AuditEntry
from tests.gateway.console.conftest import QUICK
from tests.gateway.console.sent import text_of
from tests.support.eventually import eventually

pytestmark = pytest.mark.django_db

OLD, NEW = "old-0123456789", "new-9876543210"
ASK = "/accounts/forgotten/"


@pytest.fixture(autouse=True)
def post(settings: Any) -> None:
    cache.clear()
    settings.PASSWORD_HASHERS = QUICK
    settings.EMAIL_CONFIGURED = True
    settings.ALLOWED_HOSTS = ["testserver"]


@pytest.fixture
def ann() -> User:
    return User.objects.create_user("ann", "ann@example.com", OLD, is_staff=True)


def link() -> str:
    """Of the latest message, without the host."""
    found = re.search(r"http://testserver(/accounts/\S+)", mail.outbox[-1].body)
    assert found is not None, mail.outbox[-1].body
    return found[1]


def choose(path: str, password: str = NEW, client: Client | None = None) -> Any:
    client = client or Client()
    page = client.get(path, follow=True)
    form = {"new_password1": password, "new_password2": password}
    return client.post(page.request["PATH_INFO"], form, follow=True)


def signs_in(name: str, password: str) -> bool:
    return bool(Client().login(username=name, password=password))


def test_a_forgotten_password(ann: User) -> None:
    browser = Client()
    browser.force_login(ann)
    forgotten.send_to("ANN@example.com", "http://testserver")
    assert [one.to for one in mail.outbox] == [["ann@example.com"]]
    weak = choose(link(), "1234")
    assert "too short" in text_of(weak)
    assert "Your password is set" in text_of(choose(link()))
    assert (signs_in("ann", OLD), signs_in("ann", NEW)) == (False, True)
    assert browser.get("/admin/").status_code == 302, "sessions from before are over"
    assert "opens nothing any more" in text_of(choose(link())), "it works once"
    told = {(one.action, one.actor) for one in AuditEntry.objects.filter(object_id="ann")}
    assert ("reset password", "ann") in told


def test_a_link_is_good_for_an_hour(ann: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from django.contrib.auth.tokens import PasswordResetTokenGenerator as Generator

    forgotten.send_to("ann", "http://testserver")
    now = Generator._now
    for minutes, shown in ((59, True), (61, False)):
        from datetime import timedelta

        monkeypatch.setattr(
            Generator, "_now", lambda self, by=minutes: now(self) + timedelta(minutes=by)
        )
        page = Client().get(link(), follow=True)
        assert ("new_password1" in page.content.decode()) == shown


@pytest.mark.parametrize("name", ["ann", "Ann@Example.com", "nobody", "no@example.com"])
def test_the_answer_is_the_same_for_everybody(
    ann: User, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    monkeypatch.setattr(forgotten, "send_to", lambda name, root: sent.append(f"{name} {root}"))
    answer = Client().post(ASK, {"name": name})
    assert "If there is such an account" in text_of(answer)
    assert eventually(lambda: sent) == [f"{name} http://testserver"]
    assert name not in answer.content.decode()


def test_who_gets_none(ann: User, settings: Any) -> None:
    for changed in ({"is_active": False}, {"password": "!x"}, {"email": ""}):
        before = User.objects.filter(pk=ann.pk).values("is_active", "password", "email")[0]
        User.objects.filter(pk=ann.pk).update(**changed)
        forgotten.send_to("ann", "http://testserver")
        assert mail.outbox == [], changed
        User.objects.filter(pk=ann.pk).update(**before)
    for _ in range(5):
        forgotten.send_to("ann", "http://testserver")
    assert len(mail.outbox) == 3, "one account is not flooded"


def test_asking_is_slowed_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgotten, "send_to", lambda name, root: None)
    one = [Client().post(ASK, {"name": "x"}).status_code for _ in range(6)]
    assert one == [200] * 5 + [429]
    many = [Client().post(ASK, {"name": f"x{n}"}).status_code for n in range(6)]
    assert many[-1] == 429


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"EMAIL_CONFIGURED": False}, "POINTSMAN_EMAIL_HOST"),
        ({"ALLOWED_HOSTS": ["*"]}, "POINTSMAN_PUBLIC_URL"),
    ],
)
def test_where_nothing_can_be_sent(
    ann: User, admin: Client, settings: Any, changed: dict[str, Any], words: str
) -> None:
    assert ASK in Client().get("/admin/login/").content.decode()
    for name, value in changed.items():
        setattr(settings, name, value)
    assert ASK not in Client().get("/admin/login/").content.decode()
    for answer in (Client().get(ASK), Client().post(ASK, {"name": "ann"})):
        assert words in text_of(answer)
    assert words in text_of(admin.get("/admin/auth/user/add/"))
    assert mail.outbox == []


def test_links_lead_where_it_is_set(
    ann: User, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.ALLOWED_HOSTS, settings.PUBLIC_URL = ["*"], "https://llm.example.com"
    seen: list[str] = []
    monkeypatch.setattr(forgotten, "send_to", lambda name, root: seen.append(root))
    Client().post(ASK, {"name": "ann"}, headers={"host": "evil.example"})
    assert eventually(lambda: seen) == ["https://llm.example.com"]


@pytest.fixture
def invited(admin: Client, django_capture_on_commit_callbacks: Any) -> User:
    form = {"username": "bob", "email": "bob@example.com", "invite": "on"}
    form["role"] = str(Group.objects.get(name="Viewer").pk)
    with django_capture_on_commit_callbacks(execute=True):
        answer = admin.post("/admin/auth/user/add/", form)
    assert answer.status_code == 302, text_of(answer)
    return User.objects.get(username="bob")


def test_an_invitation(invited: User, admin: Client) -> None:
    assert not invited.has_usable_password()
    assert mail.outbox[-1].to == ["bob@example.com"]
    page = text_of(admin.get(f"/admin/auth/user/{invited.pk}/change/"))
    assert "Send another invitation" in page
    assert "Your password is set" in text_of(choose(link()))
    assert signs_in("bob", NEW)
    assert [one.name for one in invited.groups.all()] == ["Viewer"]
    assert "opens nothing any more" in text_of(choose(link()))
    told = {(one.action, one.actor) for one in AuditEntry.objects.filter(object_id="bob")}
    assert {("invite", "root"), ("accept invitation", "bob")} <= told


def test_another_invitation(invited: User, admin: Client) -> None:
    path = f"/admin/people/{invited.pk}/invite"
    assert Client().post(path).status_code == 302
    assert len(mail.outbox) == 1
    assert "on its way to bob@example.com" in text_of(admin.post(path, follow=True))
    assert len(mail.outbox) == 2
    forgotten.send_to("bob", "http://testserver")
    assert len(mail.outbox) == 2, "an invitation is no forgotten password"
    choose(link())
    assert "They have a password." in text_of(admin.post(path, follow=True))


def test_an_invitation_needs_an_address(admin: Client) -> None:
    form = {"username": "eve", "invite": "on", "role": "-"}
    answer = admin.post("/admin/auth/user/add/", form)
    assert "needs an e-mail address" in text_of(answer)
    assert not User.objects.filter(username="eve").exists()
