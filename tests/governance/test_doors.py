"""Each rule broken in turn: admin form, API and import refuse with the same sentence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from governance import services
from governance.models import RoutingProfile
from tests.gateway.console.sent import profile_form
from tests.governance.conftest import profile_document, provider_document

TARGET = {"provider": "fast", "virtual_model": "a", "model": "m"}
BROKEN: dict[str, tuple[dict[str, Any], str]] = {
    "name missing": ({"name": ""}, "name"),
    "name too long": ({"name": "x" * 201}, "name"),
    "name taken, whatever its case": ({"name": "TAKEN"}, "name"),
    "virtual provider missing": ({"virtual_provider": ""}, "virtual_provider"),
    "virtual provider taken": ({"virtual_provider": "TAKEN"}, "virtual_provider"),
    "virtual provider is a real one": ({"virtual_provider": "Fast"}, "virtual_provider"),
    "virtual provider with a slash": ({"virtual_provider": "a/b"}, "virtual_provider"),
    "id is a word of the API": ({"id": "export"}, "id"),
    "id with a slash": ({"id": "a/b"}, "id"),
    "unknown strategy": ({"strategy": "best"}, "strategy"),
    "unknown fallback": ({"local_fallback": "sometimes"}, "local_fallback"),
    "no targets": ({"targets": []}, "targets"),
    "target without provider": ({"targets": [{**TARGET, "provider": ""}]}, "targets[0].provider"),
    "alias without model": ({"targets": [{**TARGET, "model": ""}]}, "targets[0].model"),
    "alias twice": (
        {"targets": [TARGET, {**TARGET, "virtual_model": "A"}]},
        "targets[1].virtual_model",
    ),
    "wildcard beside a name": (
        {"targets": [TARGET, {**TARGET, "virtual_model": "*"}]},
        "targets[1].virtual_model",
    ),
    "priority no whole number": ({"targets": [{**TARGET, "priority": 0.5}]}, "targets[0].priority"),
    "priority out of range": ({"targets": [{**TARGET, "priority": 10**9}]}, "targets[0].priority"),
    "weight negative": ({"targets": [{**TARGET, "weight": -1}]}, "targets[0].weight"),
    "weight no number": ({"targets": [{**TARGET, "weight": "much"}]}, "targets[0].weight"),
    "weights all zero": (
        {"strategy": "weighted", "targets": [{**TARGET, "weight": 0}]},
        "targets",
    ),
    "unknown capability": (
        {"targets": [{**TARGET, "capabilities": ["text", "smell"]}]},
        "targets[0].capabilities[1]",
    ),
    "unknown request type": (
        {"targets": [{**TARGET, "request_types": ["song"]}]},
        "targets[0].request_types[0]",
    ),
    "too many retries": ({"retries": 4}, "retries"),
    "retries no whole number": ({"retries": 0.5}, "retries"),
    "hedging before the request": ({"hedge_after": -1}, "hedge_after"),
    "returning after more than a day": ({"return_after": 86_401}, "return_after"),
    "spilling after more than an hour": ({"spill_after": 3601}, "spill_after"),
    "unknown end of broken streams": ({"on_broken_stream": "retry"}, "on_broken_stream"),
    "hedging of a target out of range": (
        {"targets": [{**TARGET, "hedge_after": 3601}]},
        "targets[0].hedge_after",
    ),
    "threshold out of range": (
        {"targets": [{**TARGET, "rate_limit": {"token_percent_threshold": 101}}]},
        "targets[0].rate_limit.token_percent_threshold",
    ),
    "local only with a provider that is not": (
        {"local_only": True, "targets": [{**TARGET, "provider": "cloud"}]},
        "targets[0].provider",
    ),
}


@pytest.fixture(autouse=True)
def rows(db: None) -> None:
    services.save_provider(provider_document(), who="t")
    services.save_provider(provider_document("cloud", base_url="https://a.example/"), who="t")
    services.save_profile(profile_document("taken"), who="t")


@pytest.fixture
def browser(db: None) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"))
    return client


@pytest.mark.parametrize("rule", BROKEN)
def test_the_same_sentence_at_every_door(browser: Client, rule: str) -> None:
    changes, path = BROKEN[rule]
    document = profile_document("new", **changes)
    created = _fields(browser, "", document)
    others = {"routing_profiles": [profile_document("taken"), document]}
    imported = _fields(browser, "/import", others)
    assert list(created) == [path]
    assert imported == {f"routing_profiles[1].{path}": created[path]}
    if path != "id" and "taken" not in rule:
        whole = {**document, "id": "taken"}
        assert _fields(browser, "/taken", whole, "PUT") == created
    # The form names fields by the labels that people see.
    assert [one.casefold() for one in _typed(browser, document)] == [
        _as_labels(one).casefold() for one in created[path]
    ]
    assert RoutingProfile.objects.count() == 1


def _fields(browser: Client, path: str, body: Any, method: str = "POST") -> dict[str, list[str]]:
    answer = browser.generic(
        method,
        f"/api/governance/routing-profiles{path}",
        json.dumps(body),
        content_type="application/json",
    )
    if answer.status_code == 200:
        return {}
    assert answer.status_code == 400
    fields: dict[str, list[str]] = answer.json()["error"]["fields"]
    return fields


_LABELS = {
    "virtual_provider": "Prefix",
    "local_fallback": "If all targets fail",
    "virtual_model": "Alias",
    "request_types": "Request types",
    "hedge_after": "Hedge after",
    "return_after": "Return after",
    "spill_after": "Spill after",
    "on_broken_stream": "When a stream breaks",
    "token_percent_threshold": "Skip at percent of tokens",
}


def _as_labels(message: str) -> str:
    for name, label in _LABELS.items():
        message = message.replace(name, label)
    return message


def _typed(browser: Client, document: dict[str, Any]) -> list[str]:
    """All that the admin's form complains about."""
    answer = browser.post("/admin/governance/routingprofile/add/", profile_form(document))
    assert answer.status_code == 200
    formset = answer.context["inline_admin_formsets"][0].formset
    forms = [answer.context["adminform"].form, *formset.forms]
    found = [message for form in forms for errors in form.errors.values() for message in errors]
    return [*found, *formset.non_form_errors()]
