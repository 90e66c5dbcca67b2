"""A form that is sent after the session ended is not lost."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from gateway.console.typed_work.middleware import COOKIE, LONGEST
from governance import services
from governance.models import RoutingProfile
from tests.gateway.console.sent import ROOT, profile_form, text_of
from tests.governance.conftest import profile_document, provider_document

pytestmark = pytest.mark.django_db

PATH = f"{ROOT}/routingprofile/add/"
WHO = {"username": "root", "password": "pw-0123456789"}


@pytest.fixture
def browser() -> Client:
    services.save_provider(provider_document(), who="t")
    User.objects.create_superuser(**WHO)
    client = Client(enforce_csrf_checks=True)
    sign_in(client)
    return client


def token(client: Client, path: str = "/admin/login/") -> str:
    client.get(path)
    return client.cookies["csrftoken"].value


def sign_in(client: Client) -> None:
    form = {**WHO, "csrfmiddlewaretoken": token(client), "next": PATH}
    assert client.post("/admin/login/", form).status_code == 302


def send(client: Client, path: str = PATH, **more: str) -> object:
    form = profile_form(profile_document(description="an hour of work"))
    form |= {"csrfmiddlewaretoken": client.cookies["csrftoken"].value, **more}
    return client.post(path, form)


def test_what_was_typed_is_there_after_signing_in_again(browser: Client) -> None:
    Session.objects.all().delete()
    answer = send(browser)
    assert answer.status_code == 302  # type: ignore[attr-defined]
    assert not RoutingProfile.objects.exists()
    cookies = "".join(one.value for name, one in browser.cookies.items() if COOKIE in name)
    assert cookies
    assert "hour" not in cookies
    sign_in(browser)
    page = browser.get(PATH)
    assert "not lost" in text_of(page)
    other = browser.get(f"{ROOT}/routingprofile/")
    assert "not lost" not in text_of(other)
    go = {"csrfmiddlewaretoken": token(browser, PATH), "_typed_work": "continue"}
    assert browser.post(PATH, go).status_code == 302
    row = RoutingProfile.objects.get()
    assert (row.name, row.description) == ("Light", "an hour of work")
    assert "not lost" not in text_of(browser.get(PATH))


def test_it_can_be_dropped(browser: Client) -> None:
    Session.objects.all().delete()
    send(browser)
    sign_in(browser)
    go = {"csrfmiddlewaretoken": token(browser, PATH), "_typed_work": "drop"}
    assert browser.post(PATH, go).status_code == 302
    assert "not lost" not in text_of(browser.get(PATH))
    assert not RoutingProfile.objects.exists()


def test_strangers_and_forgers_leave_nothing_here(browser: Client) -> None:
    stranger = Client(enforce_csrf_checks=True)
    answer = stranger.post(PATH, profile_form(profile_document()))
    assert answer.status_code == 403
    assert not any(COOKIE in name for name in stranger.cookies)
    Session.objects.all().delete()
    send(browser, description="x" * LONGEST)
    assert not any(COOKIE in name and one.value for name, one in browser.cookies.items())
    assert Session.objects.count() == 0
    sign_in(browser)
    browser.cookies[f"{COOKIE}_0"] = "forged"
    assert browser.get(PATH).status_code == 200
    # Going on needs the token of this session, as every form does.
    send(browser)
    assert browser.post(PATH, {"_typed_work": "continue"}).status_code == 403
