"""A key's life by hand: made once, used, rotated, and changed with others."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from governance import keys, services, snapshot
from governance.models import ApiKey, AuditEntry, Group, Revision
from tests.gateway.console.sent import ROOT, messages_of, text_of
from tests.gateway.console.test_other_pages import key_form
from tests.governance.conftest import profile_document

pytestmark = pytest.mark.django_db
KEYS = f"{ROOT}/apikey"


def secret_in(answer: Any) -> str:
    found = re.search(r'value="(pm-[^"]+)"', answer.content.decode())
    assert found is not None
    return found[1]


def made(name: str = "ci", **more: Any) -> str:
    document = {"name": name, "scopes": ["inference"], **more}
    return str(services.create_key(document, who="t")[0].document["id"])


def test_it_works(admin: Client) -> None:
    """The form begins with what nearly every key is for, and the page after it helps to use it."""
    services.save_profile(profile_document(), who="t")
    page = admin.get(f"{KEYS}/add/").content.decode()
    assert re.search(r'name="scopes" value="inference"[^>]*checked', page)
    answer = admin.post(f"{KEYS}/add/", key_form())
    secret = secret_in(answer)
    text = answer.content.decode()
    for words in ("http://testserver/v1", "ANTHROPIC_BASE_URL=http://testserver\n", "config.toml"):
        assert words in text
    assert text.count(secret) >= 5
    assert 'data-copy="secret"' in text


def test_a_reload_makes_no_second_key(admin: Client) -> None:
    page = admin.get(f"{KEYS}/add/").content.decode()
    found = re.search(r'name="_once" value="([^"]+)"', page)
    assert found is not None
    form = key_form(_once=found[1])
    secret = secret_in(admin.post(f"{KEYS}/add/", form))
    again = admin.post(f"{KEYS}/add/", form, follow=True)
    row = ApiKey.objects.get()
    assert again.redirect_chain[-1][0] == f"{KEYS}/{row.pk}/change/"
    assert "shown once only" in messages_of(again)[0]
    assert secret not in again.content.decode()
    admin.post(f"{KEYS}/add/", key_form(name="other", _once="another-mark"))
    assert ApiKey.objects.count() == 2


def test_a_rotated_key_opens_with_its_new_secret_alone(admin: Client) -> None:
    first, secret = services.create_key({"name": "ci", "scopes": ["inference"]}, who="t")
    identity = first.document["id"]
    answer = admin.post(f"{KEYS}/{identity}/rotate/", {"_once": "mark"})
    assert "no-store" in answer["Cache-Control"]
    new = secret_in(answer)
    table = snapshot.refresh()
    assert keys.digest(secret) not in table.virtual_keys
    assert table.virtual_keys[keys.digest(new)].id == identity
    assert AuditEntry.objects.filter(action="rotate", object_key=identity).exists()
    again = admin.post(f"{KEYS}/{identity}/rotate/", {"_once": "mark"}, follow=True)
    assert "shown once only" in messages_of(again)[0]
    assert keys.digest(new) in snapshot.refresh().virtual_keys


def test_who_may_not_change_keys_rotates_none(staff: Any) -> None:
    identity = made()
    assert staff("view_apikey").post(f"{KEYS}/{identity}/rotate/").status_code == 403


def test_nobody_gets_more_by_rotating(staff: Any) -> None:
    """A secret of a key that may do more than its holder is no way around the roles."""
    identity = made(scopes=["inference", "keys", "governance:write"])
    before = ApiKey.objects.get().prefix
    client = staff("view_apikey", "change_apikey")
    answer = client.post(f"{KEYS}/{identity}/rotate/", follow=True)
    assert "You cannot grant what you have not got" in messages_of(answer)[0]
    assert ApiKey.objects.get().prefix == before


def test_several_are_changed_in_one_revision(admin: Client) -> None:
    services.GROUPS.save({"name": "Blue"}, who="t")
    ticked = {"_selected_action": [made("a"), made("b")]}
    count = Revision.objects.count()
    answer = admin.post(f"{KEYS}/", {"action": "disable_keys", **ticked}, follow=True)
    assert messages_of(answer) == ["2 keys were changed."]
    assert Revision.objects.count() == count + 1
    assert not ApiKey.objects.filter(enabled=True).exists()
    admin.post(f"{KEYS}/", {"action": "enable_keys", **ticked})
    admin.post(f"{KEYS}/", {"action": "expire_keys", **ticked})
    assert {row.state for row in ApiKey.objects.all()} == {"expired"}
    asked = admin.post(f"{KEYS}/", {"action": "move_keys", **ticked})
    assert "2 keys are moved" in text_of(asked)
    group = Group.objects.get()
    admin.post(f"{KEYS}/", {"action": "move_keys", "group": group.pk, **ticked})
    assert {row.group_id for row in ApiKey.objects.all()} == {group.pk}


def test_its_use_stands_on_its_page(admin: Client) -> None:
    page = text_of(admin.get(f"{KEYS}/{made()}/change/"))
    assert "No request came with this key." in page
    assert "Its interactions" in page


def test_the_profiles_it_is_confined_to(admin: Client) -> None:
    """The page names those that are chosen, and holds none of the others, which it searches."""
    for name in ("light", "heavy"):
        services.save_profile(profile_document(id=name, name=name, virtual_provider=name), who="t")
    identity = made(confined_to=["light"])
    page = admin.get(f"{KEYS}/{identity}/change/").content.decode()
    select = re.search(r'<select name="confined_to"(.*?)</select>', page, re.DOTALL)
    assert select is not None
    assert re.findall(r'<option value="(\w+)" selected>\s*(\w+)', select[1]) == [("light", "light")]
    assert "heavy" not in page
    search = re.search(r'data-ajax--url="([^"]+)"', select[1])
    assert search is not None
    where = {"app_label": "governance", "model_name": "apikey", "field_name": "routing_profile"}
    found = admin.get(search[1], {**where, "term": "hea"}).json()["results"]
    assert found == [{"id": "heavy", "text": "heavy"}]
    form = key_form(confined_to=["heavy", "light"])
    assert admin.post(f"{KEYS}/{identity}/change/", form).status_code == 302
    assert ApiKey.objects.get().confined_to == ["heavy", "light"]
    answer = admin.post(f"{KEYS}/{identity}/change/", key_form(confined_to=["gone"]))
    assert answer.context["adminform"].form.errors["confined_to"]
    assert re.search(r'<option value="gone" selected>\s*gone', answer.content.decode())
