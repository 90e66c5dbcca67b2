"""People by hand: one role instead of a hundred permissions, and nobody above themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.test import Client

from tests.gateway.console.sent import text_of

pytestmark = pytest.mark.django_db
USERS = "/admin/auth/user"


def group(name: str) -> str:
    return str(Group.objects.get(name=name).pk)


def person(name: str, role: str = "") -> User:
    user = User.objects.create_user(name, is_staff=bool(role))
    if role:
        user.groups.add(Group.objects.get(name=role))
    return user


@pytest.fixture
def boss(db: None) -> Client:
    client = Client()
    client.force_login(person("boss", "Administrator"))
    return client


def form(user: User, role: str) -> dict[str, Any]:
    return {"username": user.username, "email": "", "is_active": "on", "role": role}


def test_it_works(boss: Client) -> None:
    """Whoever is added with a role can sign in and do what it says."""
    password = "a-long-one-for-ann-9"
    data = {"username": "ann", "role": group("Operator")}
    answer = boss.post(f"{USERS}/add/", {**data, "password1": password, "password2": password})
    assert answer.status_code == 302
    ann = User.objects.get(username="ann")
    assert (ann.is_staff, ann.is_superuser) == (True, False)
    assert [one.name for one in ann.groups.all()] == ["Operator"]
    browser = Client()
    assert browser.login(username="ann", password=password)
    assert browser.get("/admin/playground/").status_code == 200
    listing = text_of(boss.get(f"{USERS}/"))
    assert "Operator" in listing
    assert "Last login" in listing


def test_a_role_is_changed_and_taken(boss: Client) -> None:
    ann = person("ann", "Viewer")
    boss.post(f"{USERS}/{ann.pk}/change/", form(ann, group("Operator")))
    assert [one.name for one in ann.groups.all()] == ["Operator"]
    boss.post(f"{USERS}/{ann.pk}/change/", form(ann, "-"))
    ann.refresh_from_db()
    assert (ann.is_staff, ann.groups.count()) == (False, 0)


def test_what_no_role_says_stays_until_one_is_chosen(boss: Client) -> None:
    ann = person("ann", "Viewer")
    ann.user_permissions.add(Permission.objects.get(codename="use_playground"))
    page = text_of(boss.get(f"{USERS}/{ann.pk}/change/"))
    assert "As it is: Viewer, 1 permissions of their own" in page
    boss.post(f"{USERS}/{ann.pk}/change/", form(ann, "as-it-is") | {"first_name": "Ann"})
    ann.refresh_from_db()
    assert (ann.first_name, ann.user_permissions.count()) == ("Ann", 1)


@pytest.mark.parametrize("role", ["superuser", "999", "nonsense"])
def test_nobody_gives_what_is_not_offered(boss: Client, role: str) -> None:
    me = User.objects.get(username="boss")
    answer = boss.post(f"{USERS}/{me.pk}/change/", form(me, role))
    assert "Choose one of the roles." in answer.content.decode()
    me.refresh_from_db()
    assert not me.is_superuser


def test_only_a_superuser_edits_superusers(boss: Client, admin: Client) -> None:
    root = User.objects.get(username="root")
    path = f"{USERS}/{root.pk}/change/"
    assert boss.post(path, form(root, group("Viewer"))).status_code == 403
    assert boss.get(f"{USERS}/{root.pk}/password/").status_code == 403
    ann = person("ann")
    admin.post(f"{USERS}/{ann.pk}/change/", form(ann, "superuser"))
    ann.refresh_from_db()
    assert ann.is_superuser


def test_no_page_lists_permissions_one_by_one(boss: Client, staff: Callable[..., Client]) -> None:
    page = boss.get(f"{USERS}/{person('ann', 'Viewer').pk}/change/").content.decode()
    assert "user_permissions" not in page
    assert "Can add log entry" not in page
    assert "Not signed in" in page
