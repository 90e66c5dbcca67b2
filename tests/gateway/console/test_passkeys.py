"""Passkeys: made with the password, opening the door by themselves, and nobody else's."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from fido2.utils import websafe_encode

from governance.models import AuditEntry
from tests.gateway.console.conftest import QUICK
from tests.gateway.console.sent import text_of
from tests.gateway.console.test_two_factor import PASSWORD
from tests.support.passkey_device import PasskeyDevice

pytestmark = pytest.mark.django_db

HOST = {"host": "localhost"}
PAGE = "/admin/two-factor/"


@pytest.fixture(autouse=True)
def root(settings: Any) -> User:
    settings.PASSWORD_HASHERS = QUICK
    cache.clear()
    return User.objects.create_superuser("root", password=PASSWORD)


@pytest.fixture
def desk(root: User) -> Client:
    client = Client(headers=HOST)
    client.force_login(root)
    return client


def options(client: Client, password: str = PASSWORD) -> Any:
    return client.post("/admin/passkeys/options", {"password": password})


def added(client: Client, device: PasskeyDevice, name: str = "My telephone") -> None:
    made = device.make(options(client).json())
    client.post("/admin/passkeys/add", {"credential": made, "name": name})


def come_in(device: PasskeyDevice, client: Client | None = None, **changed: Any) -> Any:
    """As the sign-in page does it; what the last step answered."""
    client = client or Client(headers=HOST)
    asked = client.post("/accounts/passkey/options")
    assert asked.status_code == 200, asked.content
    form = {"credential": device.sign(asked.json(), **changed), "next": "/admin/sessions/"}
    return client.post("/accounts/passkey/", form)


def opened(answer: Any) -> bool:
    assert answer.status_code == 302, answer.content
    return bool(answer["Location"] == "/admin/sessions/")


def test_it_works(desk: Client) -> None:
    device, client = PasskeyDevice(), Client(headers=HOST)
    added(desk, device)
    assert "My telephone" in text_of(desk.get(PAGE))
    assert "never" in text_of(desk.get(PAGE))
    assert opened(come_in(device, client))
    assert client.get("/admin/").status_code == 200
    assert client.session.get_expiry_age() > 3_600
    assert "never" not in text_of(desk.get(PAGE))
    told = [(one.action, one.object_type) for one in AuditEntry.objects.all()]
    assert ("create", "two-factor sign-in") in told
    assert ("sign in", "user") in told


def test_a_session_left_open_makes_none_and_removes_none(desk: Client) -> None:
    """Nor does what a stranger at it was asked at the door, where no password is needed."""
    assert options(desk, "wrong").status_code == 403
    asked = desk.post("/accounts/passkey/options").json()
    asked["publicKey"]["user"] = {"id": websafe_encode(b"1")}
    desk.post("/admin/passkeys/add", {"credential": PasskeyDevice().make(asked), "name": "mine"})
    assert not Authenticator.objects.exists()
    added(desk, PasskeyDevice())
    (row,) = Authenticator.objects.all()
    form = {"passkey": str(row.pk), "password": "wrong"}
    desk.post("/admin/passkeys/remove", form)
    assert Authenticator.objects.exists()
    desk.post("/admin/passkeys/remove", form | {"password": PASSWORD})
    assert not Authenticator.objects.exists()
    told = [
        (one.action, one.actor) for one in AuditEntry.objects.filter(object_name="My telephone")
    ]
    assert told == [("delete", "root"), ("create", "root")]


def test_what_opens_nothing(desk: Client, root: User) -> None:
    device = PasskeyDevice()
    added(desk, device)
    stranger = PasskeyDevice()
    stranger.user, stranger.id = device.user, device.id
    assert not opened(come_in(stranger)), "another key"
    assert not opened(come_in(device, userHandle=websafe_encode(b"99999"))), "nobody's"
    elsewhere = PasskeyDevice("https://evil.example")
    elsewhere.key, elsewhere.user, elsewhere.id = device.key, device.user, device.id
    assert not opened(come_in(elsewhere)), "another site"
    client = Client(headers=HOST)
    assert opened(come_in(device, client))
    used = device.sign(client.post("/accounts/passkey/options").json())
    assert opened(
        client.post("/accounts/passkey/", {"credential": used, "next": "/admin/sessions/"})
    )
    assert not opened(client.post("/accounts/passkey/", {"credential": used})), "shown twice"
    for changed in ({"is_staff": False}, {"is_active": False}, {"password": "!"}):
        User.objects.filter(pk=root.pk).update(**{"is_staff": True, "is_active": True, **changed})
        cache.clear()
        assert not opened(come_in(device)), changed


def test_a_device_that_asks_for_nothing_is_not_taken(desk: Client) -> None:
    added(desk, PasskeyDevice(verifies=False))
    assert not Authenticator.objects.exists()


def test_whoever_signs_in_by_a_provider_has_none(desk: Client, root: User) -> None:
    root.set_unusable_password()
    root.save()
    desk.force_login(root)
    assert "passkeys are set up there" in text_of(desk.get(PAGE))
    assert options(desk, "").status_code == 403


def test_codes_go_and_passkeys_stay(desk: Client, root: User) -> None:
    added(desk, PasskeyDevice())
    Authenticator.objects.create(user=root, type=Authenticator.Type.TOTP, data={"secret": ""})
    desk.post(f"{PAGE}off", {"password": PASSWORD})
    assert [one.type for one in Authenticator.objects.all()] == ["webauthn"]


def test_nobody_is_led_elsewhere(desk: Client) -> None:
    device = PasskeyDevice()
    added(desk, device)
    client = Client(headers=HOST)
    asked = client.post("/accounts/passkey/options").json()
    form = {"credential": device.sign(asked), "next": "https://evil.example/"}
    assert client.post("/accounts/passkey/", form)["Location"] == "/admin/"


def test_strangers_heap_up_no_sessions() -> None:
    for _ in range(3):
        Client(headers=HOST).post("/accounts/passkey/options")
    assert Session.objects.count() == 3
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    Client(headers=HOST).post("/accounts/passkey/options")
    assert Session.objects.count() == 1


def test_an_address_is_no_name(desk: Client) -> None:
    page = text_of(desk.get(PAGE, headers={"host": "127.0.0.1:8000"}))
    assert f"http://localhost:8000{PAGE}" in page


def test_asking_is_slowed_down() -> None:
    statuses = [
        Client(headers=HOST).post("/accounts/passkey/options").status_code for _ in range(11)
    ]
    assert statuses == [200] * 10 + [429]


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "{",
        "[]",
        "null",
        "[" * 10_000,
        "x" * 20_000,
        json.dumps({"response": None}),
        json.dumps({"response": {"userHandle": 7}}),
        json.dumps({"id": 1, "rawId": [], "response": {"clientDataJSON": "AAAA"}}),
        json.dumps({"rawId": "AA", "response": {"userHandle": "MQ", "clientDataJSON": "bm8"}}),
    ],
)
def test_nonsense_is_refused_in_words(desk: Client, credential: str) -> None:
    options(desk)
    answer = desk.post("/admin/passkeys/add", {"credential": credential}, follow=True)
    assert "could not be added" in text_of(answer)
    client = Client(headers=HOST)
    client.post("/accounts/passkey/options")
    answer = client.post("/accounts/passkey/", {"credential": credential}, follow=True)
    assert "does not open these pages" in text_of(answer)
