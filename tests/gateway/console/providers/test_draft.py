"""A provider is tried as it stands in its form, before it is saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from governance import services
from governance.models import Provider
from tests.gateway.console.providers.test_admin import form
from tests.gateway.console.providers.test_connection import CHAT, SECRET
from tests.governance.conftest import provider_document
from tests.support.upstream import Json, Upstream

pytestmark = pytest.mark.django_db
TRY = "/admin/connection/try"
LISTED = Json({"data": [{"id": "small"}, {"id": "large"}]})


def tried(client: Client, **fields: Any) -> dict[str, Any]:
    answer = client.post(TRY, form(**fields))
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_it_works(admin: Client) -> None:
    """With the key that was typed; nothing is kept."""
    with Upstream(CHAT, LISTED) as upstream:
        told = tried(admin, base_url=upstream.base_url, api_key=SECRET, is_local="on")
    assert told["ok"]
    assert told["words"].startswith("It works: small-2024 answered in ")
    assert told["models"] == ["small", "large"]
    assert upstream.asked[0].headers["authorization"] == f"Bearer {SECRET}"
    assert not Provider.objects.exists()


def test_the_providers_own_sentence_is_told_without_the_key(admin: Client) -> None:
    wrong = Json({"error": {"message": f"Incorrect API key provided: {SECRET}."}}, 401)
    with Upstream(wrong, wrong) as upstream:
        told = tried(admin, base_url=upstream.base_url, api_key=SECRET, is_local="on")
    assert not told["ok"]
    (words,) = told["problems"]
    assert "It says: “Incorrect API key provided: [redacted].”" in words
    assert SECRET not in words


def test_what_breaks_a_rule_is_told_and_nobody_is_asked(admin: Client) -> None:
    told = tried(admin, name="", base_url="nonsense")
    assert not told["ok"]
    assert any(one.startswith("Name: ") for one in told["problems"])
    assert any(one.startswith("Base URL: ") for one in told["problems"])


def test_the_cloud_is_not_asked_while_it_is_off(admin: Client) -> None:
    told = tried(admin, base_url="https://api.example.com/v1", api_key="k", is_local="")
    assert told["problems"] == [
        "Cloud routing is off and the provider is not local: nothing was sent."
    ]


def test_a_stored_key_goes_nowhere_by_a_try(staff: Callable[..., Client]) -> None:
    """Who may not set credentials cannot send one to an address of their own either."""
    services.save_provider(provider_document(api_key=SECRET), who="t")
    row = Provider.objects.get()
    client = staff("view_provider", "change_provider")
    with Upstream(LISTED, CHAT) as upstream:
        data = form(base_url=upstream.base_url, is_local="on") | {"try-existing": row.pk}
        told = client.post(TRY, data).json()
    assert not told["ok"]
    assert not upstream.asked


def test_who_may_not_add_providers_tries_none(staff: Callable[..., Client]) -> None:
    assert staff("view_provider").post(TRY, form()).status_code == 403
