"""The switch in the list of profiles."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client

from governance import services, snapshot
from governance.models import Revision, RoutingProfile
from tests.gateway.console.sent import ROOT, messages_of
from tests.governance.conftest import profile_document, provider_document

PATH = f"{ROOT}/routingprofile"
SWITCH = f"{PATH}/light/switch/"


@pytest.fixture(autouse=True)
def held(db: None) -> None:
    services.save_profile(profile_document(), who="t")


def test_it_works(admin: Client) -> None:
    """One press, one revision; the list stays filtered, and the table follows."""
    page = admin.get(f"{PATH}/?q=light").content.decode()
    assert f'formaction="{SWITCH}" name="enabled" value="off"' in page
    assert 'name="filters" value="q=light"' in page
    answer = admin.post(SWITCH, {"enabled": "off", "filters": "q=light"})
    assert answer["location"] == f"{PATH}/?q=light#switch-light"
    assert not snapshot.refresh().profiles["light"].enabled
    last = Revision.objects.latest("version")
    assert (last.who, last.summary) == ("root", 'Changed routing profile "Light": turned off.')
    assert 'value="on"' in admin.get(f"{PATH}/").content.decode()
    again = admin.post(SWITCH, {"enabled": "off"}, follow=True)
    assert messages_of(again) == ["Light is switched off."]
    assert Revision.objects.count() == 2, "what stays as it is makes no revision"


def test_who_may_only_look_has_no_switch(staff: Callable[..., Client]) -> None:
    viewer = staff("view_routingprofile")
    assert b"/switch/" not in viewer.get(f"{PATH}/").content
    assert viewer.post(SWITCH, {"enabled": "off"}).status_code == 403
    assert RoutingProfile.objects.get().enabled


def test_what_is_gone_is_told(admin: Client) -> None:
    answer = admin.post(f"{PATH}/gone/switch/", {"enabled": "on"}, follow=True)
    assert "exist. Perhaps it was deleted?" in messages_of(answer)[0]
    assert admin.get(SWITCH).status_code == 405


def test_a_broken_rule_leaves_it_off(admin: Client) -> None:
    """What was saved before a rule stood is judged by it when it is switched on."""
    services.save_provider(provider_document(is_local=False), who="t")
    RoutingProfile.objects.update(enabled=False, local_only=True)
    answer = admin.post(SWITCH, {"enabled": "on"}, follow=True)
    assert messages_of(answer)[0].startswith("Nothing was changed. ")
    assert not RoutingProfile.objects.get().enabled
