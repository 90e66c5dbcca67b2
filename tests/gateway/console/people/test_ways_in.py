"""A lost telephone: an administrator takes away what it opened, and nobody more than they may."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.contrib.auth.models import User
from django.test import Client

from governance.models import AuditEntry
from tests.gateway.console.people.test_admin import USERS, person
from tests.gateway.console.sent import messages_of, text_of

pytestmark = pytest.mark.django_db
SECRET = "JBSWY3DPEHPK3PXP"


def with_both(user: User) -> User:
    """A passkey and an app, with its recovery codes."""
    Authenticator.objects.create(
        user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "My laptop", "credential": {}}
    )
    TOTP.activate(user, SECRET)
    RecoveryCodes.activate(user)
    return user


def signed_in(name: str, role: str) -> Client:
    client = Client()
    client.force_login(person(name, role))
    return client


def removal(user: User, kind: str) -> tuple[str, dict[str, int]]:
    row = Authenticator.objects.get(user=user, type=kind)
    return f"/admin/people/{user.pk}/ways-in/remove", {"way_in": row.pk}


def kinds_of(user: User) -> set[str]:
    return set(Authenticator.objects.filter(user=user).values_list("type", flat=True))


def test_it_works() -> None:
    """Each is shown and removed by itself; recovery codes go with the app, all is told."""
    boss, ann = signed_in("boss", "Administrator"), with_both(person("ann", "Viewer"))
    page = text_of(boss.get(f"{USERS}/{ann.pk}/change/"))
    assert "My laptop" in page
    assert "Authenticator app" in page
    answer = boss.post(*removal(ann, "webauthn"), follow=True)
    assert messages_of(answer) == ["My laptop lets ann in no more."]
    assert kinds_of(ann) == {"totp", "recovery_codes"}
    path, data = removal(ann, "totp")
    boss.post(path, data)
    assert not kinds_of(ann)
    assert messages_of(boss.post(path, data, follow=True))[-1] == "It was removed already."
    told = AuditEntry.objects.filter(object_type="two-factor sign-in", action="delete")
    assert [one.actor for one in told] == ["boss"] * 3
    assert "the password alone" in text_of(boss.get(f"{USERS}/{ann.pk}/change/"))
    assert boss.get(f"{USERS}/add/").status_code == 200


def test_superusers_are_for_superusers() -> None:
    boss, root = signed_in("boss", "Administrator"), User.objects.create_superuser("root")
    with_both(root)
    answer = boss.post(*removal(root, "totp"), follow=True)
    assert messages_of(answer) == ["Only superusers take something from superusers."]
    assert len(kinds_of(root)) == 3
    above = Client()
    above.force_login(User.objects.create_superuser("above"))
    above.post(*removal(root, "totp"))
    assert kinds_of(root) == {"webauthn"}


def test_ones_own_need_the_password() -> None:
    boss = signed_in("boss", "Administrator")
    me = with_both(User.objects.get(username="boss"))
    boss.post(*removal(me, "totp"))
    assert len(kinds_of(me)) == 3
    assert "which asks for the password" in text_of(boss.get(f"{USERS}/{me.pk}/change/"))


@pytest.mark.parametrize("role", ["Operator", "Viewer"])
def test_nobody_else_removes_any(role: str) -> None:
    ann = with_both(person("ann", "Viewer"))
    assert signed_in("bob", role).post(*removal(ann, "totp")).status_code == 403
    assert len(kinds_of(ann)) == 3
