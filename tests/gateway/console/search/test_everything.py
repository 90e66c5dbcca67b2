"""Everything is found by a part of its name, and what can be done by saying it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from governance import services
from governance.models import Interaction, Provider
from inference.record.describe import describe
from tests.gateway.console.sent import messages_of, text_of
from tests.governance.conftest import profile_document, provider_document
from tests.governance.interactions.request_contexts import request_context
from tests.governance.interactions.rows import insert

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def rows(db: None) -> None:
    services.save_provider(provider_document(models=["gpt-4o", "o3"]), who="t")
    services.save_profile(profile_document(), who="t")
    services.create_key({"name": "team blue", "scopes": ["inference"]}, who="t")
    insert([describe(request_context(id="req-7f3a9"))])


def said(client: Client, words: str) -> str:
    return text_of(client.get("/admin/search/", {"s": words, "extended": "1"}))


def links(client: Client, words: str) -> list[str]:
    answer = client.get("/admin/search/", {"s": words})
    return [hit.link for hit in answer.context["hits"]]


def test_it_works(admin: Client) -> None:
    """Pages, things, models, requests."""
    assert "/admin/playground/" in links(admin, "playgr")
    assert "/admin/governance/routingprofile/light/change/" in links(admin, "ligh")
    assert any("/apikey/" in link for link in links(admin, "team bl"))
    assert "/admin/playground/?model=fast%2Fgpt-4o" in links(admin, "gpt-4o")
    pk = Interaction.objects.get().pk
    assert f"/admin/governance/interaction/{pk}/change/" in links(admin, "req-7f3")
    assert "/admin/governance/provider/add/" in links(admin, "add prov")


def test_nothing_found_says_what_to_try(admin: Client) -> None:
    text = said(admin, "zzz")
    assert "Nothing found for “zzz”." in text
    assert "disable provider openai" in text
    assert said(admin, "") == " "


def test_an_action_asks_once_more_and_does_it(admin: Client) -> None:
    pk = Provider.objects.get().pk
    link = f"/admin/search/do?kind=provider&id={pk}&to=off"
    assert link in links(admin, "disable provider fast")
    assert link in links(admin, "disa fast")
    assert "Disable provider fast" in text_of(admin.get(link))
    assert Provider.objects.get().enabled
    data = {"kind": "provider", "id": pk, "to": "off"}
    answer = admin.post("/admin/search/do", data, follow=True)
    assert messages_of(answer) == ["fast is switched off."]
    assert not Provider.objects.get().enabled
    assert link not in links(admin, "disable provider fast")
    assert links(admin, "enable fast") == [link.replace("to=off", "to=on")]


@pytest.mark.parametrize("kind", ["profile", "key", "rule", "mapping"])
def test_every_kind_that_is_on_or_off(admin: Client, kind: str) -> None:
    services.save_rule({"name": "the rule", "profile": "light"}, who="t")
    services.save_mapping({"pattern": "the mapping", "destination": "light"}, who="t")
    name = {"profile": "Light", "key": "team blue"}.get(kind, f"the {kind}")
    (link,) = [one for one in links(admin, f"disable {name}") if f"kind={kind}" in one]
    query: Any = dict(part.split("=") for part in link.partition("?")[2].split("&"))
    answer = admin.post("/admin/search/do", query, follow=True)
    assert messages_of(answer)[0] == f"{name} is switched off."


def test_nobody_finds_or_does_what_they_may_not(staff: Callable[..., Client]) -> None:
    client = staff("view_routingprofile")
    assert links(client, "fast") == []
    assert links(client, "disable provider fast") == []
    assert links(client, "req-7f3") == []
    assert "/admin/governance/routingprofile/light/change/" in links(client, "light")
    pk = Provider.objects.get().pk
    answer = client.post("/admin/search/do", {"kind": "provider", "id": pk, "to": "off"})
    assert answer.status_code == 403
    assert Provider.objects.get().enabled


@pytest.mark.parametrize(
    "query", ["", "kind=x&id=1&to=on", "kind=provider&id=x&to=off", "kind=key&id=%00&to=on"]
)
def test_an_address_made_up_leads_on(admin: Client, query: str) -> None:
    assert admin.get(f"/admin/search/do?{query}").status_code == 302
