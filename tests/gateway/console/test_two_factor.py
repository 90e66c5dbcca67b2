"""A code beside the password: set up on a page, asked for at the door, guessed at in vain."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from governance.models import AuditEntry

pytestmark = pytest.mark.django_db

PASSWORD = "pw-0123456789"
PAGE = "/admin/two-factor/"


def code(secret: str, offset: int = 0) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + offset)))


def sign_in(given: str = "", client: Client | None = None) -> int:
    form = {"username": "root", "password": PASSWORD, "code": given}
    return (client or Client()).post("/admin/login/?next=/admin/", form).status_code


@pytest.fixture
def made() -> tuple[Client, str, list[str]]:
    """Someone signed in, their secret and their recovery codes."""
    cache.clear()
    User.objects.create_superuser("root", password=PASSWORD)
    client = Client()
    assert sign_in(client=client) == 302
    page = client.get(PAGE)
    found = re.search(r"<code>([A-Z2-7]{32})</code>", page.content.decode())
    assert found is not None
    wrong = client.post(f"{PAGE}on", {"code": "000000"})
    assert wrong.status_code == 302
    assert not Authenticator.objects.exists()
    page = client.get(PAGE)
    found = re.search(r"<code>([A-Z2-7]{32})</code>", page.content.decode())
    assert found is not None
    answer = client.post(f"{PAGE}on", {"code": code(found[1])})
    assert "no-store" in answer["Cache-Control"]
    recovery = re.search(r"<pre[^>]*>([^<]+)</pre>", answer.content.decode())
    assert recovery is not None
    return client, found[1], recovery[1].replace("&#10;", " ").split()


def test_the_password_alone_opens_nothing(made: tuple[Client, str, list[str]]) -> None:
    _, secret, recovery = made
    assert sign_in() == 200
    assert sign_in("000000") == 200
    now = code(secret)
    assert sign_in(now) == 302
    assert sign_in(now) == 200, "a code works once"
    assert sign_in(f" {recovery[0]} ") == 302
    assert sign_in(recovery[0]) == 200
    assert sign_in(recovery[1]) == 302


def test_guessing_at_the_code_is_slowed_down(made: tuple[Client, str, list[str]]) -> None:
    _, secret, _ = made
    statuses = [sign_in(f"{n:06}") for n in range(11)]
    assert statuses[-1] == 429
    assert sign_in(code(secret)) == 429


def test_secrets_are_sealed_and_told_nowhere(made: tuple[Client, str, list[str]]) -> None:
    client, secret, recovery = made
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    told = str(list(AuditEntry.objects.values()))
    for one in (secret, recovery[0]):
        assert one not in kept
        assert one not in told
        assert one not in client.get(PAGE).content.decode()
    assert AuditEntry.objects.filter(object_type="two-factor sign-in").count() == 2


def test_it_is_turned_off_with_the_password(made: tuple[Client, str, list[str]]) -> None:
    client: Any = made[0]
    client.post(f"{PAGE}off", {"password": "wrong"})
    assert Authenticator.objects.exists()
    client.post(f"{PAGE}off", {"password": PASSWORD})
    assert not Authenticator.objects.exists()
    assert sign_in() == 302
    assert Client().get(PAGE).status_code == 302
