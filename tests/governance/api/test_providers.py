"""Providers by the API: secrets go in and never come out."""

from __future__ import annotations

import json
from typing import Any

import pytest

from governance import services, snapshot
from governance.models import Provider, Revision
from governance.serializers import MASK
from tests.governance.api.conftest import Api, error_of
from tests.governance.conftest import profile_document, provider_document

PATH = "/providers"
SECRET = "sk-very-secret"


def test_it_works(api: Api) -> None:
    created = api.post(PATH, provider_document(api_key=SECRET, default_model="m"))
    assert created.status_code == 201
    assert created.json()["provider"] == {
        "name": "fast",
        "kind": "openai",
        "base_url": "http://127.0.0.1:9/v1",
        "is_local": True,
        "default_model": "m",
        "models": [],
        "capabilities": [],
        "extra_headers": {},
        "model_facts": [],
        "responses_models": [],
        "connect_timeout": 10,
        "first_event_timeout": 120,
        "idle_timeout": 30,
        "total_timeout": 600,
        "max_concurrency": None,
        "enabled": True,
        "is_default": False,
        "has_api_key": True,
        "credential": "set",
    }
    assert api.get(PATH).json()["count"] == 1
    assert api.get(f"{PATH}/FAST").json()["provider"]["name"] == "fast"
    changed = api.patch(f"{PATH}/fast", {"idle_timeout": 1.5, "total_timeout": None})
    assert changed.json()["provider"]["idle_timeout"] == 1.5
    assert changed.json()["provider"]["total_timeout"] is None
    assert api.delete(f"{PATH}/fast").status_code == 204
    assert api.get(PATH).json() == {"providers": [], "count": 0}


def test_secrets_never_come_out(api: Api) -> None:
    """Not in answers, exports, errors or revisions, and not in clear in the database."""
    document = provider_document(api_key=SECRET, extra_headers={"X-Token": SECRET})
    answers = [
        api.post(PATH, document),
        api.get(PATH),
        api.get(f"{PATH}/fast"),
        api.put(f"{PATH}/fast", {**document, "kind": "none"}),
        api.put(f"{PATH}/fast", {**document, "extra_headers": {"X-Token": f"{SECRET}\n"}}),
        api.delete(f"{PATH}/fast"),
        api.get("/revisions"),
        *(api.get(f"/revisions/{version}") for version in range(1, 5)),
    ]
    assert not any(SECRET.encode() in answer.content for answer in answers)
    assert not any(SECRET in json.dumps(row.changes) for row in Revision.objects.all())
    api.post(PATH, document)
    row = Provider.objects.values().get()
    assert SECRET not in json.dumps(row, default=str)


def test_a_secret_stays_is_replaced_and_is_cleared(api: Api) -> None:
    api.post(PATH, provider_document(api_key="one", extra_headers={"A": "a", "B": "b"}))

    def secrets() -> tuple[str, dict[str, str]]:
        provider = snapshot.refresh().providers["fast"]
        return provider.api_key, dict(provider.extra_headers)

    api.put(f"{PATH}/fast", provider_document(enabled=False))
    assert secrets() == ("one", {"A": "a", "B": "b"})
    shown = api.get(f"{PATH}/fast").json()["provider"]
    assert shown["extra_headers"] == {"A": MASK, "B": MASK}
    api.put(f"{PATH}/fast", {**shown, "extra_headers": {"A": MASK, "C": "c"}, "api_key": "two"})
    assert secrets() == ("two", {"A": "a", "C": "c"})
    api.patch(f"{PATH}/fast", {"api_key": "", "extra_headers": {}})
    assert secrets() == ("", {})
    assert api.get(f"{PATH}/fast").json()["provider"]["credential"] == "none"


def test_a_mask_needs_a_value_to_keep(api: Api) -> None:
    answer = api.post(PATH, provider_document(extra_headers={"A": MASK}))
    assert answer.status_code == 400
    assert list(error_of(answer)["fields"]) == ["extra_headers.A"]


def test_a_replaced_secret_is_a_revision_without_the_secret(api: Api) -> None:
    api.post(PATH, provider_document(api_key="one"))
    api.patch(f"{PATH}/fast", {"api_key": "two"})
    last = Revision.objects.first()
    assert last is not None
    assert last.summary == 'Changed provider "fast": API key replaced.'


def test_an_unreadable_credential_is_told(api: Api, settings: Any) -> None:
    api.post(PATH, provider_document(api_key="one", extra_headers={"A": "a"}))
    settings.ENCRYPTION_KEYS = ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]
    assert api.get(f"{PATH}/fast").json()["provider"]["credential"] == "unreadable"
    changed = api.patch(f"{PATH}/fast", {"api_key": "two", "extra_headers": {"A": "b"}})
    assert changed.json()["provider"]["credential"] == "set"


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:1234/v1", True),
        ("http://localhost/v1", True),
        ("http://[::1]/v1", True),
        ("http+unix://%2Frun%2Fs.sock/v1", True),
        ("http://127.evil.example/v1", False),
        ("http://10.0.0.1/v1", False),
        ("https://api.openai.com/v1", False),
    ],
)
def test_is_local_left_out_follows_the_address(api: Api, url: str, local: bool) -> None:
    answer = api.post(PATH, provider_document(base_url=url))
    assert answer.json()["provider"]["is_local"] is local


@pytest.mark.parametrize(
    "url",
    [
        "http://169.254.169.254/latest",
        "http://2852039166/",
        "http://[fd00:ec2::254]/",
        "http://metadata.google.internal/",
        "http://0.0.0.0/",
    ],
)
def test_metadata_services_are_out_of_reach(api: Api, url: str) -> None:
    answer = api.post(PATH, provider_document(base_url=url))
    assert answer.status_code == 400
    assert list(error_of(answer)["fields"]) == ["base_url"]


def test_the_default_mark_moves(api: Api) -> None:
    api.post(PATH, provider_document("a", is_default=True))
    api.post(PATH, provider_document("b", is_default=True))
    found = api.get(f"{PATH}?is_default=true").json()["providers"]
    assert [one["name"] for one in found] == ["b"]


def test_deleting_a_provider_in_use_names_the_profiles(api: Api) -> None:
    api.post(PATH, provider_document())
    services.save_profile(profile_document(), who="t")
    answer = api.delete(f"{PATH}/fast")
    assert answer.status_code == 409
    assert "Light" in error_of(answer)["message"]
    assert api.delete(f"{PATH}/fast?force=true").status_code == 204
    answer = api.post("/routing-profiles/simulate", {"model": "light/small"})
    assert answer.json()["rejections"][0]["reason"] == "provider_not_configured"


def test_renaming_a_provider_in_use_names_the_profiles_or_renames_along(api: Api) -> None:
    api.post(PATH, provider_document(api_key="one"))
    shadow = {"target": "Fast/org/m", "percent": 5}
    services.save_profile(profile_document(shadow=shadow), who="t")
    answer = api.patch(f"{PATH}/fast", {"name": "quick"})
    assert [one["code"] for one in answer.json()["warnings"]] == ["still_named"]
    assert "Light" in answer.json()["warnings"][0]["message"]
    api.patch(f"{PATH}/quick", {"name": "fast"})
    answer = api.patch(f"{PATH}/fast?rename_in_targets=true", {"name": "swift"})
    assert "warnings" not in answer.json()
    profile = api.get("/routing-profiles/light").json()["profile"]
    assert profile["targets"][0]["provider"] == "swift"
    assert profile["shadow"]["target"] == "swift/org/m"
    assert snapshot.refresh().profiles["light"].targets[0].provider == "swift"
    assert snapshot.current().providers["swift"].api_key == "one"


def test_a_local_only_profile_keeps_its_provider_local(api: Api) -> None:
    api.post(PATH, provider_document())
    services.save_profile(profile_document(local_only=True), who="t")
    answer = api.patch(f"{PATH}/fast", {"is_local": False})
    assert answer.status_code == 400
    assert "Light" in error_of(answer)["fields"]["is_local"][0]


def test_a_local_only_profile_keeps_its_shadow_local(api: Api) -> None:
    for name in ("fast", "other"):
        api.post(PATH, provider_document(name))
    shadow = {"target": "other/m", "percent": 5}
    services.save_profile(profile_document(local_only=True, shadow=shadow), who="t")
    answer = api.patch(f"{PATH}/other", {"is_local": False})
    assert answer.status_code == 400
    assert api.delete(f"{PATH}/other").status_code == 409


def test_a_name_belongs_to_one_of_them(api: Api) -> None:
    services.save_profile(profile_document(), who="t")
    answer = api.post(PATH, provider_document("LIGHT"))
    assert list(error_of(answer)["fields"]) == ["name"]
    api.post(PATH, provider_document("a"))
    answer = api.post(PATH, provider_document("A"))
    assert list(error_of(answer)["fields"]) == ["name"]
