"""Two people with the same page open: nobody's work is lost, and nothing is lost in silence."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from governance import services
from governance.models import ModelMapping, Provider, RoutingProfile
from tests.gateway.console.sent import ROOT, profile_form, text_of
from tests.governance.conftest import profile_document, provider_document

pytestmark = pytest.mark.django_db

PATH = f"{ROOT}/routingprofile/light/change/"


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    services.save_provider(provider_document(), who="t")
    services.save_profile(profile_document(), who="t")
    return client


def hidden(answer: Any, name: str) -> str:
    found = re.search(rf'name="{name}" value="(\d+)"', answer.content.decode())
    assert found is not None, name
    return found[1]


def typed(base: str, **changes: Any) -> dict[str, Any]:
    return {**profile_form(profile_document(**changes), adding=False), "_base": base}


def test_a_stale_form_comes_back_with_what_changed_and_all_that_was_typed(browser: Client) -> None:
    base = hidden(browser.get(PATH), "_base")
    services.save_profile(profile_document(name="Theirs"), who="ann", existing="light")
    answer = browser.post(PATH, typed(base, description="my long work"))
    assert answer.status_code == 409
    text = text_of(answer)
    assert "ann" in text
    assert "name Light → Theirs" in text
    assert "my long work" in text
    assert RoutingProfile.objects.get().description == ""
    # Pressing save again without having chosen is no knowing overwrite.
    again = browser.post(PATH, typed(hidden(answer, "_base"), description="my long work"))
    assert again.status_code == 409


@pytest.mark.parametrize(
    ("choice", "name"), [("merge", "Theirs"), ("overwrite", "Light")], ids=["merge", "overwrite"]
)
def test_it_is_merged_or_overwritten_knowingly(browser: Client, choice: str, name: str) -> None:
    base = hidden(browser.get(PATH), "_base")
    theirs = profile_document(name="Theirs", local_only=True)
    services.save_profile(theirs, who="ann", existing="light")
    told = browser.post(PATH, typed(base, description="mine"))
    seen = hidden(told, "_seen")
    form = typed(base, description="mine") | {"_seen": seen, "_resolve": choice}
    assert browser.post(PATH, form).status_code == 302
    row = RoutingProfile.objects.get()
    assert (row.name, row.description, row.local_only) == (name, "mine", choice == "merge")
    assert len(row.ordered_targets()) == 1


def test_what_was_seen_is_stale_too_when_a_third_one_saves(browser: Client) -> None:
    base = hidden(browser.get(PATH), "_base")
    services.save_profile(profile_document(name="Second"), who="ann", existing="light")
    seen = hidden(browser.post(PATH, typed(base, description="mine")), "_seen")
    services.save_profile(profile_document(name="Third"), who="bob", existing="light")
    form = typed(base, description="mine") | {"_seen": seen, "_resolve": "overwrite"}
    answer = browser.post(PATH, form)
    assert answer.status_code == 409
    assert "bob" in text_of(answer)
    assert RoutingProfile.objects.get().name == "Third"


def test_every_form_has_it(browser: Client) -> None:
    row = Provider.objects.get()
    rule = services.save_rule({"name": "r", "profile": "light"}, who="t").document["id"]
    services.save_mapping({"pattern": "p", "destination": "light"}, who="t")
    key = services.create_key({"name": "k", "scopes": ["inference"]}, who="t")[0].document["id"]
    mapping = ModelMapping.objects.get()
    pages: dict[str, dict[str, Any]] = {
        f"provider/{row.pk}": {"name": "fast", "kind": "openai", "base_url": row.base_url},
        f"heuristicrule/{rule}": {"name": "r", "profile": "light", "match": "all"},
        f"modelmapping/{mapping.pk}": {"pattern": "p", "destination": "light", "match": "exact"},
        f"apikey/{key}": {"name": "k", "scopes": ["inference"], "priority": "normal"},
    }
    for page, form in pages.items():
        path = f"{ROOT}/{page}/change/"
        base = hidden(browser.get(path), "_base")
        stale = browser.post(path, {**form, "local_fallback": "default", "_base": str(9_999)})
        assert stale.status_code == 409, page
        good = {**form, "local_fallback": "default", "_base": base}
        assert browser.post(path, good).status_code in (200, 302)


def test_a_merge_keeps_a_secret_that_was_typed(browser: Client) -> None:
    row = Provider.objects.get()
    path = f"{ROOT}/provider/{row.pk}/change/"
    base = hidden(browser.get(path), "_base")
    services.save_provider({"default_model": "theirs"}, who="ann", existing="fast", partial=True)
    form = {
        "name": "fast",
        "kind": "openai",
        "base_url": row.base_url,
        "is_local": "on",
        "connect_timeout": "10",
        "first_event_timeout": "120",
        "idle_timeout": "7",
        "total_timeout": "600",
        "enabled": "on",
        "api_key": "sk-typed-0123456789",
        "_base": base,
    }
    told = browser.post(path, form)
    assert told.status_code == 409
    assert "sk-typed" not in told.content.decode()
    merge = {**form, "_seen": hidden(told, "_seen"), "_resolve": "merge"}
    assert browser.post(path, merge).status_code == 302
    row.refresh_from_db()
    assert (row.default_model, row.idle_timeout) == ("theirs", 7)
    assert row.reveal_api_key() == "sk-typed-0123456789"
