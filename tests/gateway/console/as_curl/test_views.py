"""A form as a call of the API: what is sent by it does what the form would."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from governance import services
from governance.models import Provider, RoutingProfile
from governance.serializers import ProfileSerializer
from tests.gateway.console.providers.test_admin import form as provider_form
from tests.gateway.console.sent import profile_form
from tests.gateway.console.test_other_pages import key_form, rule_form
from tests.governance.conftest import profile_document, provider_document

pytestmark = pytest.mark.django_db


def written(client: Client, model: str, form: dict[str, Any], existing: object = "") -> str:
    answer = client.post(f"/admin/curl/{model}", form | {"curl-existing": existing})
    assert answer.status_code == 200
    return str(answer.json()["curl"])


def body_of(command: str) -> Any:
    return json.loads(command.partition("<<'JSON'\n")[2].partition("\nJSON\n")[0])


def test_it_works(admin: Client) -> None:
    """What the command sends makes the profile that the form shows."""
    targets = [{"provider": "p", "model": "m", "weight": 3}, {"provider": "q", "model": "n"}]
    document = profile_document(targets=targets, strategy="weighted")
    command = written(admin, "routingprofile", profile_form(document))
    assert command.startswith("curl -X POST http://testserver/api/governance/routing-profiles ")
    assert "$POINTSMAN_API_KEY" in command
    sent = admin.post(
        "/api/governance/routing-profiles", body_of(command), content_type="application/json"
    )
    assert sent.status_code == 201, sent.content
    row = RoutingProfile.objects.get()
    assert [one["weight"] for one in ProfileSerializer.document(row)["targets"]] == [3, 1]
    changed = written(admin, "routingprofile", profile_form(document, adding=False), "light")
    assert changed.startswith(
        "curl -X PUT http://testserver/api/governance/routing-profiles/light "
    )


def test_a_typed_secret_stays_out_of_it(admin: Client) -> None:
    services.save_provider(provider_document(), who="t")
    form = provider_form(api_key="s3cret", extra_headers="X-A: hidden")
    command = written(admin, "provider", form, Provider.objects.get().pk)
    assert "s3cret" not in command
    assert "hidden" not in command
    assert "THE-PROVIDERS-API-KEY" in command
    assert "/api/governance/providers/fast " in command


def test_other_forms(admin: Client) -> None:
    services.save_profile(profile_document(), who="t")
    assert body_of(written(admin, "apikey", key_form()))["scopes"] == ["inference"]
    assert body_of(written(admin, "heuristicrule", rule_form("r")))["name"] == "r"
    group = written(admin, "group", {"name": "Blue"})
    assert body_of(group)["name"] == "Blue"


def test_what_breaks_a_rule_is_told(admin: Client) -> None:
    answer = admin.post("/admin/curl/group", {"name": ""})
    assert answer.json()["problems"]


def test_who_may_not_save_it_gets_none(staff: Callable[..., Client]) -> None:
    client = staff("view_provider", "view_routingprofile")
    assert client.post("/admin/curl/provider", provider_form()).status_code == 403
    assert client.post("/admin/curl/routingprofile", profile_form({})).status_code == 403
    assert client.post("/admin/curl/nonsense", {}).status_code == 404
    assert client.post("/admin/curl/provider", {"curl-existing": "x"}).status_code == 404
